/** Tasks and their members. */
import {
  type AssumeMember,
  type FamilyMember,
  familiesOf,
  isGiven,
  type Range,
  type TaskItem,
  type UseMember,
} from "../syntax/tree";
import type { Type } from "./checked";
import { Expressions } from "./expressions";
import { plural } from "./findings";
import { BROKEN, inside, type Scope } from "./scope";
import { suggest } from "./suggest";
import { BIT, INT, UNKNOWN } from "./types";

/** Families without a type whose equations may be nested, each in that of the one before. */
const DEEPEST = 200;

export abstract class Tasks extends Expressions {
  protected readonly families = new Map<FamilyMember, Type | "busy">();
  protected readonly taskScopes = new Map<TaskItem, Scope>();
  /** How many equations are being looked into, one inside the other, and those whose turn comes after. */
  private nesting = 0;
  private readonly later: (() => void)[] = [];

  protected scopeOf(task: TaskItem): Scope {
    const known = this.taskScopes.get(task);
    if (known !== undefined) return known;
    return this.within(task, (outer) => {
      const scope = inside(outer);
      this.taskScopes.set(task, scope);
      for (const s of task.sizes) this.declare(scope, s.name, { kind: "size", declaration: s, task });
      for (const member of task.members) {
        if (member.kind === "family")
          this.declare(scope, member.name, { kind: "family", declaration: member, task });
        if (member.kind !== "use") continue;
        const target = this.task(member.task, outer);
        if (target === undefined) scope.names.set(member.alias.text, BROKEN);
        else this.declare(scope, member.alias, { kind: "use", declaration: member, target });
      }
      return scope;
    });
  }

  protected checkTask(task: TaskItem): void {
    const scope = this.scopeOf(task);
    for (const condition of task.where) this.inferStatic(condition, scope, BIT, "a condition of `where`");
    for (const member of task.members) {
      switch (member.kind) {
        case "family":
          this.familyType(member, task);
          break;
        case "use":
          this.checkUse(member, task, scope);
          break;
        case "expect":
          if (member.claim.kind === "figure") this.inferStatic(member.claim.value, scope, INT, "a budget");
          break;
        case "assume":
          this.checkAssume(member, scope);
          break;
        case "map":
        case "error-member":
          break;
      }
    }
  }

  /** The element type of a family; checks the family the first time it is asked for. */
  protected familyType(family: FamilyMember, task: TaskItem): Type {
    const known = this.families.get(family);
    if (known === "busy") return this.missingType(family, "int");
    if (known !== undefined) return known;
    // Types that follow from one another's equations are inferred one inside the other: only so many.
    if (family.type === undefined && this.nesting > DEEPEST) {
      this.families.set(family, UNKNOWN);
      return this.missingType(family, "int");
    }
    return this.within(family, () => {
      const scope = inside(this.scopeOf(task));
      this.families.set(family, "busy");
      this.bindAll(family.binders, scope);
      const declared = family.type === undefined ? undefined : this.typeNode(family.type, scope);
      if (declared !== undefined) this.families.set(family, declared);
      let type = declared;
      const body = (): void => {
        this.nesting++;
        type = this.within(family, () => this.familyBody(family, scope, declared));
        this.nesting--;
      };
      // Whoever reads a family of a declared type need not wait for its equation.
      if (declared !== undefined && this.nesting > 0) this.later.push(body);
      else body();
      if (this.nesting === 0)
        for (let next = this.later.shift(); next !== undefined; next = this.later.shift()) next();
      this.families.set(family, type ?? UNKNOWN);
      return type ?? UNKNOWN;
    });
  }

  private missingType({ name }: FamilyMember, type: string): Type {
    this.report("missing-type", name.range, { name: name.text, suggestion: `${name.text}: ${type}` });
    return UNKNOWN;
  }

  private familyBody(family: FamilyMember, scope: Scope, type: Type | undefined): Type | undefined {
    const role = `${family.role === "output" || family.role === "input" ? "an" : "a"} ${family.role}`;
    const defined = family.role === "node" || family.role === "output";
    if (defined && family.value === undefined) {
      if (family.type === undefined || !this.brokenIn(family.range)) {
        this.report("missing-value", family.name.range, { name: family.name.text, role });
      }
    } else if (!defined && family.value !== undefined) {
      this.report("unexpected-value", family.value.range, { name: family.name.text, role });
    } else if (!defined && type === undefined) {
      if (!this.brokenIn(family.range)) this.missingType(family, "real");
    } else if (family.value !== undefined) {
      const found = this.infer(family.value, scope, type);
      return type ?? found;
    }
    return type;
  }

  /** `assume converges(x, s) by diffusion { intrinsic_dim = e }`: the one law there is. */
  private checkAssume({ claim, by, fields, range }: AssumeMember, scope: Scope): void {
    if (by.text !== "diffusion") {
      this.report("assume-unused", range, { law: by.text });
      return;
    }
    const wrong = (at: Range, why: string): void => this.report("assume-form", at, { law: by.text, why });
    const [x, along] = claim.kind === "call" && claim.name.text === "converges" ? claim.args : [];
    if (
      claim.kind !== "call" ||
      claim.args.length !== 2 ||
      x?.kind !== "name-expr" ||
      along?.kind !== "name-expr"
    )
      return wrong(claim.range, "it says `converges(x, s)`, a family and one of its indices");
    const family = scope.names.get(x.name.text);
    if (family?.kind !== "family") return wrong(x.range, `\`${x.name.text}\` is no family of this task`);
    this.symbols.set(x.name, family);
    const binder = family.declaration.binders.find((b) => b.name.text === along.name.text);
    if (binder === undefined)
      return wrong(along.range, `\`${x.name.text}\` has no index \`${along.name.text}\``);
    this.symbols.set(along.name, { kind: "binder", declaration: binder });
    for (const f of fields) {
      if (f.name.text !== "intrinsic_dim")
        wrong(f.name.range, `it has no field \`${f.name.text}\`, only \`intrinsic_dim\``);
      this.inferStatic(f.value, scope, INT, "a dimension");
    }
    if (fields.length !== 1) wrong(range, "it needs `{ intrinsic_dim = … }`, once");
  }

  protected checkUse(use: UseMember, task: TaskItem, outer: Scope): void {
    const symbol = this.symbols.get(use.alias);
    const scope = inside(outer);
    this.bindAll(use.binders, scope);
    for (const arg of use.args) this.inferStatic(arg, scope, INT, "a size of a used task");
    if (symbol?.kind !== "use") return;
    const target = symbol.target;
    const cycle = this.useCycle(target, [task]);
    if (cycle !== undefined) {
      this.report("recursive-use", use.task.range, { name: task.name.text, path: cycle.join(" → ") });
      return;
    }
    if (use.args.length !== target.sizes.length) {
      const expected = plural(target.sizes.length, "size");
      this.wrongArity(use.task.range, target.name.text, expected, use.args.length);
    }
    const needed = new Map(
      familiesOf(target)
        .filter(isGiven)
        .map((f) => [f.name.text, f]),
    );
    const given = new Set<string>();
    for (const binding of use.bindings) {
      const input = needed.get(binding.name.text);
      const inner = inside(scope);
      if (input === undefined) {
        const suggestion = suggest(binding.name.text, needed.keys());
        this.report("unknown-binding", binding.name.range, {
          task: target.name.text,
          name: binding.name.text,
          suggestion,
        });
        for (const name of binding.indices) inner.names.set(name.text, BROKEN);
      } else {
        this.symbols.set(binding.name, { kind: "family", declaration: input, task: target });
        if (given.has(input.name.text))
          this.report("duplicate-name", binding.name.range, { name: input.name.text });
        given.add(input.name.text);
        if (binding.indices.length !== input.binders.length)
          this.wrongRank(binding.range, input.name.text, input.binders.length, binding.indices.length);
        binding.indices.forEach((name, dimension) => {
          this.declare(inner, name, { kind: "use-index", declaration: name, input, dimension });
        });
      }
      this.infer(binding.value, inner, input === undefined ? undefined : this.familyType(input, target));
    }
    for (const [name, input] of needed) {
      if (given.has(name)) continue;
      const at = input.binders.length === 0 ? "" : `[${input.binders.map((b) => b.name.text).join(", ")}]`;
      this.report("missing-binding", use.task.range, {
        task: target.name.text,
        name,
        suggestion: `${name}${at} = 0`,
      });
    }
  }

  protected useCycle(from: TaskItem, trail: readonly TaskItem[]): string[] | undefined {
    if (trail.includes(from)) return [...trail, from].map((t) => t.name.text);
    for (const m of from.members) {
      if (m.kind !== "use") continue;
      this.scopeOf(from);
      const symbol = this.symbols.get(m.alias);
      const found = symbol?.kind === "use" ? this.useCycle(symbol.target, [...trail, from]) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
