/** What must be true of every system. A message here is a fault of a pass, never of a user. */
import { someExpr, typeOf } from "./build";
import { collectIndices } from "./evaluate-index";
import type { Condition, Dim, ElementType, Expr, IndexExpr, Monoid, System } from "./system";

/** Everything that is wrong; empty for a sound system. */
export function verifySystem(system: System): string[] {
  const found: string[] = [];
  const families = new Map(system.families.map((f) => [f.name, f]));
  if (families.size < system.families.length) found.push("two families have one name");
  const sizes = new Set(system.sizes.map((s) => s.name));
  const index = (e: IndexExpr, scope: ReadonlySet<string>, where: string): void => {
    const used = new Set<string>();
    collectIndices(e, used);
    for (const name of used) if (!scope.has(name)) found.push(`${where}: the index ${name} is not in scope`);
    for (const name of sizesIn(e)) if (!sizes.has(name)) found.push(`${where}: there is no size ${name}`);
  };
  const condition = (c: Condition, scope: ReadonlySet<string>, where: string): void => {
    for (const all of c) {
      for (const { left, right } of all) {
        index(left, scope, where);
        index(right, scope, where);
      }
    }
  };
  const dims = (list: readonly Dim[], outer: ReadonlySet<string>, where: string): Set<string> => {
    const scope = new Set(outer);
    for (const d of list) {
      index(d.lo, scope, where);
      index(d.hi, scope, where);
      if (scope.has(d.index)) found.push(`${where}: the index ${d.index} hides another`);
      scope.add(d.index);
    }
    return scope;
  };
  const seen = new Set<Monoid>();
  const monoid = (m: Monoid, where: string): void => {
    if (seen.has(m)) return;
    seen.add(m);
    for (const e of [...m.identity, ...m.combine]) {
      someExpr(e, (x) => {
        if (x.kind === "read" || x.kind === "fold") found.push(`${where}: ${m.name} holds a ${x.kind}`);
        if (x.kind === "operand" && !stores(m.types[x.position] ?? x.type, x.type))
          found.push(`${where}: operand ${x.position} of ${m.name} is read as ${x.type.kind}`);
        return false;
      });
    }
  };
  condition(system.constraints, new Set(), "where");
  for (const family of system.families) {
    const scope = dims(family.dims, new Set(), family.name);
    if (family.type.kind === "index") index(family.type.bound, scope, family.name);
    const defined = family.role === "node" || family.role === "output";
    if (defined !== family.pieces.length > 0)
      found.push(`${family.name}: a ${family.role} with ${family.pieces.length} equations`);
    const value = (e: Expr, inner: ReadonlySet<string>): void => {
      const where = `${family.name}, ${e.kind}`;
      switch (e.kind) {
        case "constant":
          return;
        case "index-value":
          index(e.value, inner, where);
          return;
        case "read": {
          const source = families.get(e.family);
          if (source === undefined) found.push(`${where}: there is no family ${e.family}`);
          else {
            if (source.dims.length !== e.at.length)
              found.push(`${where}: ${e.family} has ${source.dims.length} dimensions, not ${e.at.length}`);
            if (!stores(source.type, e.type))
              found.push(`${where}: ${e.family} is ${source.type.kind}, read as ${e.type.kind}`);
          }
          for (const s of e.at) {
            if (s.kind === "static") index(s.value, inner, where);
            else {
              value(s.value, inner);
              index(s.lo, inner, where);
              index(s.hi, inner, where);
            }
          }
          return;
        }
        case "apply":
        case "table":
          for (const a of e.args) value(a, inner);
          if (e.kind === "table" && e.entries.length !== e.radix.reduce((a, b) => a * b, 1))
            found.push(`${where}: ${e.entries.length} entries`);
          return;
        case "select":
          if (typeOf(e.condition).kind !== "bit")
            found.push(`${where}: the condition is ${typeOf(e.condition).kind}`);
          for (const a of [e.condition, e.then, e.otherwise]) value(a, inner);
          return;
        case "choose":
          for (const c of e.cases) {
            condition(c.guard, inner, where);
            value(c.value, inner);
          }
          return;
        case "reduce": {
          const deeper = dims(e.dims, inner, where);
          condition(e.filter, deeper, where);
          value(e.body, deeper);
          if (e.dataFilter !== undefined) value(e.dataFilter, deeper);
          return;
        }
        case "fold": {
          const deeper = dims(e.dims, inner, where);
          condition(e.filter, deeper, where);
          for (const b of e.bodies) value(b, deeper);
          if (e.dataFilter !== undefined) value(e.dataFilter, deeper);
          const { types, identity, combine } = e.monoid;
          if ([identity, combine, e.bodies].some((list) => list.length !== types.length))
            found.push(`${where}: ${e.monoid.name} has ${types.length} components`);
          e.bodies.forEach((b, k) => {
            if (types[k] !== undefined && !stores(types[k], typeOf(b)))
              found.push(`${where}: ${typeOf(b).kind} is an operand of ${e.monoid.name}`);
          });
          monoid(e.monoid, where);
          return;
        }
        case "operand":
          found.push(`${where}: it stands outside a monoid`);
          return;
        case "vector":
          for (const c of e.components) value(c, inner);
          return;
        case "component":
          value(e.of, inner);
          return;
      }
    };
    for (const piece of family.pieces) {
      condition(piece.guard, scope, family.name);
      value(piece.value, scope);
      if (!stores(family.type, typeOf(piece.value)))
        found.push(`${family.name}: ${typeOf(piece.value).kind} is stored as ${family.type.kind}`);
    }
  }
  return found;
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
