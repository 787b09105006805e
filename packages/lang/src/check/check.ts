/**
 * Names, types and shapes. Never throws; one mistake gives one diagnostic, because a node whose type is unknown agrees
 * with everything. The checker is one class in layers, a file each: `findings` ◄ `declarations` ◄ `reads` ◄
 * `expressions` ◄ `tasks` ◄ `examples` ◄ `reductions`; here it walks files and their imports.
 */
import { parse } from "../syntax/parse";
import type { CheckedFile, CheckedProgram, Host } from "./checked";
import { Reductions } from "./reductions";
import { BROKEN, inside, itemSymbol, type Scope } from "./scope";
import { suggest } from "./suggest";
import { UNKNOWN } from "./types";

/** Parses and checks a file and all that it imports. Without a host, imports are not found. */
export function check(path: string, text: string, host?: Host): CheckedProgram {
  return new Checker(host).program(path, text);
}

class Checker extends Reductions {
  constructor(private readonly host: Host | undefined) {
    super();
  }

  program(path: string, text: string): CheckedProgram {
    const first = this.load(path, text, []);
    for (const file of this.files) this.checkFile(file);
    const items = first.tree.items;
    return {
      files: this.files,
      tasks: items.filter((i) => i.kind === "task"),
      examples: items.filter((i) => i.kind === "example"),
      reductions: items.filter((i) => i.kind === "reduction"),
      diagnostics: this.diagnostics,
      typeOf: (expr) => this.types.get(expr) ?? UNKNOWN,
      familyType: (family) => {
        const type = this.families.get(family);
        return type === undefined || type === "busy" ? UNKNOWN : type;
      },
      carrierOf: (monoid) => this.carriers.get(monoid) ?? UNKNOWN,
      typeOfNode: (node) => this.nodes.get(node) ?? UNKNOWN,
      reductionTask: (reduction) => this.maps.get(reduction)?.task,
      reductionEnds: (reduction) => this.maps.get(reduction),
      symbolOf: (name) => this.symbols.get(name),
      isStatic: (expr) => this.static.has(expr),
      fileOf: (item) => this.owners.get(item) ?? first,
    };
  }

  private load(path: string, text: string, trail: readonly string[]): CheckedFile {
    const { tree, diagnostics } = this.host?.parse?.(text, path) ?? parse(text, path);
    const file: CheckedFile = { path, text, tree };
    this.files.push(file);
    this.diagnostics.push(...diagnostics);
    const scope: Scope = { names: new Map(), outer: undefined };
    this.scopes.set(file, scope);
    this.file = file;
    for (const item of tree.items) {
      this.owners.set(item, file);
      if (item.kind === "task" || item.kind === "reduction")
        for (const m of item.members) this.owners.set(m, file);
      const symbol = itemSymbol(item);
      if (symbol !== undefined && "name" in item) this.declare(scope, item.name, symbol);
    }
    for (const item of tree.items) {
      if (item.kind !== "import") continue;
      this.file = file;
      const spec = item.from.value;
      if (spec === "") continue;
      const found = this.host?.resolve(path, spec);
      if (found === undefined) {
        this.report("import-not-found", item.from.range, { spec: `"${spec}"` });
        for (const name of item.names) this.symbols.set(name, BROKEN);
        for (const name of item.names) scope.names.set(name.text, BROKEN);
        continue;
      }
      if (found.path === path || trail.includes(found.path)) {
        this.report("import-cycle", item.from.range, {
          path: [...trail, path, found.path].map((p) => `"${p}"`).join(" → "),
        });
        continue;
      }
      const other =
        this.files.find((f) => f.path === found.path) ?? this.load(found.path, found.text, [...trail, path]);
      this.file = file;
      const exported = this.scopes.get(other)!;
      for (const name of item.names) {
        const symbol = exported.names.get(name.text);
        if (symbol === undefined) {
          this.report("not-exported", name.range, {
            spec: `"${spec}"`,
            name: name.text,
            suggestion: suggest(name.text, exported.names.keys()),
          });
          scope.names.set(name.text, BROKEN);
        } else this.declare(scope, name, symbol);
      }
    }
    return file;
  }

  private checkFile(file: CheckedFile): void {
    this.file = file;
    const scope = this.scopes.get(file)!;
    for (const item of file.tree.items) if (item.kind === "const") this.checkConst(item, scope);
    for (const item of file.tree.items) {
      this.file = file;
      if (item.kind === "fn") this.fnType(item);
      if (item.kind === "enum") {
        const seen = inside(scope);
        item.cases.forEach((name, ordinal) => {
          this.declare(seen, name, { kind: "enum-case", declaration: item, ordinal });
        });
      }
      if (item.kind === "task") this.checkTask(item);
      if (item.kind === "monoid") this.checkMonoid(item, scope);
    }
    for (const item of file.tree.items) {
      this.file = file;
      if (item.kind === "example") this.checkExample(item, scope);
      if (item.kind === "reduction") this.checkReduction(item, scope);
    }
  }
}
