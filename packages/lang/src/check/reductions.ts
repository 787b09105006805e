/** A reduction is checked as one task: the source's inputs, its own nodes, a `use` of the target, and an output `answer`. */
import {
  type FamilyMember,
  familiesOf,
  isGiven,
  type Name,
  type ReductionItem,
  type TaskItem,
  type UseBinding,
  type UseMember,
} from "../syntax/tree";
import { Examples } from "./examples";
import { inside, type Scope } from "./scope";
import { INT } from "./types";

/** A reduction as a task, and the tasks it leads from and to. */
interface ReductionMap {
  readonly task: TaskItem;
  readonly from: TaskItem;
  readonly to: TaskItem;
  readonly use: UseMember;
  readonly output: FamilyMember;
}

export abstract class Reductions extends Examples {
  protected readonly maps = new Map<ReductionItem, ReductionMap>();

  protected checkReduction(item: ReductionItem, outer: Scope): void {
    const from = this.task(item.from.name, outer);
    const to = this.task(item.to.name, outer);
    if (from === undefined || to === undefined) return;
    const before = this.diagnostics.length;
    const sizes = from.sizes.map((s) => s.name.text).join(", ");
    const named = item.from.args.map((a) => (a.kind === "name-expr" ? a.name.text : ""));
    if (named.join(", ") !== sizes) {
      const expected = `${from.name.text}(${sizes})`;
      this.report("reduction-source", item.from.range, { task: from.name.text, expected });
      return;
    }
    const [wanted, ...others] = familiesOf(from).filter((m) => m.role === "output");
    if (wanted === undefined || others.length > 0 || wanted.binders.length > 0) {
      this.report("reduction-answer", item.from.range, { task: from.name.text });
      return;
    }
    for (const m of item.members)
      if (m.kind !== "map" && m.kind !== "error-member" && !(m.kind === "family" && m.role === "node"))
        this.report("reduction-member", "name" in m ? m.name.range : m.range, {
          found: m.kind === "family" ? `an \`${m.role}\`` : `\`${m.kind}\``,
        });
    const bindings = item.members.flatMap((m) => (m.kind === "map" ? [m.binding] : []));
    const [answer, ...again] = bindings.filter((b) => b.name.text === "answer");
    if (answer === undefined) {
      this.report("missing-value", item.name.range, { name: "answer", role: "what a reduction delivers" });
      return;
    }
    for (const extra of again) this.report("duplicate-name", extra.name.range, { name: "answer" });
    const map = asTask(item, from, to, bindings, answer);
    const scope = this.mapScope(item, map, outer);
    // The target's name stands for its instance in `answer` only: elsewhere it would be a circle.
    const last = inside(scope);
    last.names.set(to.name.text, { kind: "use", declaration: map.use, target: to });
    const type = this.infer(answer.value, last, this.familyType(wanted, from));
    this.families.set(map.output, type);
    if (!this.diagnostics.slice(before).some((d) => d.severity === "error")) this.maps.set(item, map);
  }

  /** Declares what the task of a reduction consists of, and checks all but its answer. */
  private mapScope(item: ReductionItem, { task, from, to, use, output }: ReductionMap, outer: Scope): Scope {
    const scope = inside(outer);
    this.taskScopes.set(task, scope);
    for (const made of [task, use, output]) this.owners.set(made, this.file);
    const source = this.scopeOf(from);
    for (const s of from.sizes) scope.names.set(s.name.text, source.names.get(s.name.text)!);
    for (const m of familiesOf(from))
      if (isGiven(m)) scope.names.set(m.name.text, { kind: "family", declaration: m, task: from });
    const own = familiesOf(task).filter((m) => m.role === "node");
    for (const m of own) this.declare(scope, m.name, { kind: "family", declaration: m, task });
    for (const a of item.from.args) if (a.kind === "name-expr") this.infer(a, scope, INT);
    this.symbols.set(use.alias, { kind: "use", declaration: use, target: to });
    for (const m of own) this.familyType(m, task);
    this.checkUse(use, task, scope);
    return scope;
  }
}

function asTask(
  item: ReductionItem,
  from: TaskItem,
  to: TaskItem,
  bindings: readonly UseBinding[],
  answer: UseBinding,
): ReductionMap {
  const alias: Name = { kind: "name", text: to.name.text, range: item.to.name.range };
  const use: UseMember = {
    kind: "use",
    task: item.to.name,
    args: item.to.args,
    binders: [],
    bindings: bindings.filter((b) => b.name.text !== "answer"),
    alias,
    range: item.to.range,
  };
  const { name, value, range } = answer;
  const output: FamilyMember = { kind: "family", role: "output", name, binders: [], value, range };
  const given = familiesOf(from).filter(isGiven);
  const own = familiesOf(item).filter((m) => m.role === "node");
  const task: TaskItem = {
    kind: "task",
    name: item.name,
    sizes: from.sizes,
    where: from.where,
    members: [...given, ...own, use, output],
    range: item.range,
  };
  return { task, from, to, use, output };
}
