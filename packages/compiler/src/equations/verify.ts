/** What must be true of every system. A message here is a fault of a pass, never of a user. */
import { someExpr, typeOf } from "./build";
import { collectIndices } from "./evaluate-index";
import type {
  Condition,
  Dim,
  ElementType,
  Expr,
  Family,
  Fold,
  IndexExpr,
  Monoid,
  Read,
  System,
} from "./system";

/** Everything that is wrong; empty for a sound system. */
export const verifySystem = (system: System): string[] => new Verifier(system).faults();

/** Indices in scope. */
type Scope = ReadonlySet<string>;

class Verifier {
  private readonly found: string[] = [];
  private readonly families: ReadonlyMap<string, Family>;
  private readonly sizes: ReadonlySet<string>;
  private readonly monoids = new Set<Monoid>();

  constructor(private readonly system: System) {
    this.families = new Map(system.families.map((f) => [f.name, f]));
    this.sizes = new Set(system.sizes.map((s) => s.name));
  }

  faults(): string[] {
    if (this.families.size < this.system.families.length) this.found.push("two families have one name");
    this.condition(this.system.constraints, new Set(), "where");
    for (const f of this.system.families) this.family(f);
    return this.found;
  }

  private family({ name, role, type, dims, pieces }: Family): void {
    const scope = this.dims(dims, new Set(), name);
    if (type.kind === "index") this.index(type.bound, scope, name);
    const defined = role === "node" || role === "output";
    if (defined !== pieces.length > 0) this.found.push(`${name}: a ${role} with ${pieces.length} equations`);
    for (const { guard, value } of pieces) {
      this.condition(guard, scope, name);
      this.value(value, scope, name);
      if (!stores(type, typeOf(value)))
        this.found.push(`${name}: ${typeOf(value).kind} is stored as ${type.kind}`);
    }
  }

  private index(e: IndexExpr, scope: Scope, where: string): void {
    const used = new Set<string>();
    collectIndices(e, used);
    for (const n of used) if (!scope.has(n)) this.found.push(`${where}: the index ${n} is not in scope`);
    for (const n of sizesIn(e)) if (!this.sizes.has(n)) this.found.push(`${where}: there is no size ${n}`);
  }

  private condition(c: Condition, scope: Scope, where: string): void {
    for (const { left, right } of c.flat()) {
      this.index(left, scope, where);
      this.index(right, scope, where);
    }
  }

  /** The scope inside some ranges; each bound may mention the indices before it. */
  private dims(list: readonly Dim[], outer: Scope, where: string): Scope {
    const scope = new Set(outer);
    for (const d of list) {
      this.index(d.lo, scope, where);
      this.index(d.hi, scope, where);
      if (scope.has(d.index)) this.found.push(`${where}: the index ${d.index} hides another`);
      scope.add(d.index);
    }
    return scope;
  }

  private value(e: Expr, scope: Scope, family: string): void {
    const where = `${family}, ${e.kind}`;
    const all = (list: readonly Expr[], inner = scope): void => {
      for (const x of list) this.value(x, inner, family);
    };
    switch (e.kind) {
      case "constant":
        return;
      case "index-value":
        this.index(e.value, scope, where);
        return;
      case "read":
        this.read(e, where);
        for (const s of e.at) {
          if (s.kind === "static") this.index(s.value, scope, where);
          else {
            all([s.value]);
            this.index(s.lo, scope, where);
            this.index(s.hi, scope, where);
          }
        }
        return;
      case "table":
        if (e.entries.length !== e.radix.reduce((a, b) => a * b, 1))
          this.found.push(`${where}: ${e.entries.length} entries`);
        all(e.args);
        return;
      case "apply":
        all(e.args);
        return;
      case "select":
        if (typeOf(e.condition).kind !== "bit")
          this.found.push(`${where}: the condition is ${typeOf(e.condition).kind}`);
        all([e.condition, e.then, e.otherwise]);
        return;
      case "choose":
        for (const c of e.cases) this.condition(c.guard, scope, where);
        all(e.cases.map((c) => c.value));
        return;
      case "reduce":
      case "fold": {
        const inner = this.dims(e.dims, scope, where);
        this.condition(e.filter, inner, where);
        all(e.kind === "fold" ? e.bodies : [e.body], inner);
        if (e.dataFilter !== undefined) all([e.dataFilter], inner);
        if (e.kind === "fold") this.fold(e, where);
        return;
      }
      case "operand":
        this.found.push(`${where}: it stands outside a monoid`);
        return;
      case "vector":
        all(e.components);
        return;
      case "component":
        all([e.of]);
        return;
    }
  }

  private read(e: Read, where: string): void {
    const source = this.families.get(e.family);
    if (source === undefined) {
      this.found.push(`${where}: there is no family ${e.family}`);
      return;
    }
    if (source.dims.length !== e.at.length)
      this.found.push(`${where}: ${e.family} has ${source.dims.length} dimensions, not ${e.at.length}`);
    if (!stores(source.type, e.type))
      this.found.push(`${where}: ${e.family} is ${source.type.kind}, read as ${e.type.kind}`);
  }

  private fold({ monoid, bodies }: Fold, where: string): void {
    const { name, types, identity, combine } = monoid;
    if ([identity, combine, bodies].some((list) => list.length !== types.length))
      this.found.push(`${where}: ${name} has ${types.length} components`);
    bodies.forEach((b, k) => {
      if (types[k] !== undefined && !stores(types[k], typeOf(b)))
        this.found.push(`${where}: ${typeOf(b).kind} is an operand of ${name}`);
    });
    if (this.monoids.has(monoid)) return;
    this.monoids.add(monoid);
    for (const e of [...identity, ...combine]) {
      someExpr(e, (x) => {
        if (x.kind === "read" || x.kind === "fold") this.found.push(`${where}: ${name} holds a ${x.kind}`);
        if (x.kind === "operand" && !stores(types[x.position] ?? x.type, x.type))
          this.found.push(`${where}: operand ${x.position} of ${name} is read as ${x.type.kind}`);
        return false;
      });
    }
  }
}

/** int and index hold each other's numbers. */
const stores = (a: ElementType, b: ElementType): boolean => {
  const whole = (t: ElementType) => t.kind === "int" || t.kind === "index";
  return a.kind === b.kind || (whole(a) && whole(b));
};

function sizesIn(e: IndexExpr): string[] {
  switch (e.kind) {
    case "size":
      return [e.name];
    case "integer":
    case "index":
      return [];
    case "log2":
    case "pow2":
      return sizesIn(e.operand);
    default:
      return [...sizesIn(e.left), ...sizesIn(e.right)];
  }
}
