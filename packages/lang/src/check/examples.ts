/** Examples: everything the task asks for is given, and something is compared. */
import { type ExampleItem, familiesOf, isGiven, type Name } from "../syntax/tree";
import type { Scope } from "./scope";
import { Tasks } from "./tasks";

export abstract class Examples extends Tasks {
  protected checkExample(example: ExampleItem, scope: Scope): void {
    const task = this.task(example.task, scope);
    if (task === undefined) return;
    const taskScope = this.scopeOf(task);
    const given = new Set<string>();
    let compares = false;
    for (const entry of example.entries) {
      const name = entry.name.text;
      if (entry.op === "=") given.add(name);
      else compares = true;
      if (name === "seed" && entry.op === "=") continue;
      const target = taskScope.names.get(name);
      const dotted = name.includes(".") ? taskScope.names.get(name.slice(0, name.indexOf("."))) : undefined;
      if (target === undefined && dotted?.kind !== "use") {
        this.unknown(entry.name, taskScope, ["family", "size"]);
        continue;
      }
      if (target !== undefined) this.symbols.set(entry.name, target);
      if (target?.kind === "family") {
        if (entry.op === "=" && !isGiven(target.declaration)) {
          this.report("example-value", entry.name.range, {
            name,
            expected: "`==`: it is computed",
            found: "`=`",
          });
        }
      } else if (target?.kind === "size" && (entry.op !== "=" || entry.value.kind !== "number")) {
        this.report("example-value", entry.value.range, {
          name,
          expected: "a whole number",
          found: this.source(entry.value),
        });
      }
    }
    const families = familiesOf(task);
    const need = ({ text: name }: Name, value: string): void => {
      if (!given.has(name))
        this.report("example-unbound", example.task.range, { name, suggestion: `${name} = ${value}` });
    };
    for (const s of task.sizes) need(s.name, "4");
    for (const f of families) if (isGiven(f)) need(f.name, "random(1)");
    if (!compares) {
      const name = families.find((f) => f.role === "output")?.name.text ?? "result";
      this.report("example-checks-nothing", example.task.range, { suggestion: `${name} == 0` });
    }
  }
}
