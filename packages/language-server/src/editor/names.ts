/** Every name of a program, where it stands and what it means there. Resolution is the checker's; this only collects it. */
import type { CheckedFile, CheckedProgram, Item, Meaning, Name } from "@fathom/lang";
import { forEachChild, type TreeNode } from "./walk";

export interface Occurrence {
  readonly name: Name;
  readonly meaning: Meaning;
  /** True where the name is declared, not used. */
  readonly declares: boolean;
  readonly file: CheckedFile;
  readonly item: Item;
}

/** The name a meaning was declared under; built-ins have none. */
export function declaredName(meaning: Meaning): Name | undefined {
  switch (meaning.kind) {
    case "builtin":
      return undefined;
    case "use-index":
      return meaning.declaration;
    case "use":
      return meaning.declaration.alias;
    case "operand":
      return meaning.monoid.combineParams[meaning.side === "left" ? 0 : 1];
    case "enum-case":
      return meaning.declaration.cases[meaning.ordinal];
    default:
      return meaning.declaration.name;
  }
}

/** The item that a meaning comes from, where it is another one than the item it is used in. */
function declaringItem(meaning: Meaning): Item | undefined {
  switch (meaning.kind) {
    case "size":
    case "family":
      return meaning.task;
    case "use":
      return meaning.target;
    case "param":
      return meaning.fn;
    case "builtin":
    case "use-index":
    case "binder":
    case "operand":
    case "let":
      return undefined;
    default:
      return meaning.declaration;
  }
}

/** Same declaration in another check of the same files: identity is the place. */
export interface SymbolId {
  readonly path: string;
  readonly start: number;
}

export class Names {
  /** By file, in the order of the text. */
  private readonly byFile = new Map<string, Occurrence[]>();
  private readonly byDeclaration = new Map<Name, Occurrence[]>();
  private readonly places = new Map<Name, Occurrence | { readonly file: CheckedFile; readonly item: Item }>();
  /** For each item, the items its names come from. */
  readonly references = new Map<Item, Set<Item>>();
  /** Items in which a name stands for nothing because an import failed. */
  readonly unresolved = new Set<Item>();

  constructor(readonly program: CheckedProgram) {
    for (const file of program.files) {
      const found: Occurrence[] = [];
      for (const item of file.tree.items) this.collect(file, item, found);
      found.sort((a, b) => a.name.range.start - b.name.range.start);
      this.byFile.set(file.path, found);
    }
  }

  private collect(file: CheckedFile, item: Item, found: Occurrence[]): void {
    const references = new Set<Item>();
    const visit = (node: TreeNode): void => {
      if (node.kind !== "name") {
        forEachChild(node, visit);
        return;
      }
      const name = node as Name;
      const meaning = this.program.symbolOf(name);
      if (meaning === undefined) {
        this.places.set(name, { file, item });
        return;
      }
      if (meaning.kind === "builtin" && meaning.name === "") {
        this.unresolved.add(item);
        return;
      }
      const declared = declaredName(meaning);
      const occurrence: Occurrence = { name, meaning, declares: declared === name, file, item };
      found.push(occurrence);
      this.places.set(name, occurrence);
      if (declared !== undefined) {
        const same = this.byDeclaration.get(declared);
        if (same === undefined) this.byDeclaration.set(declared, [occurrence]);
        else same.push(occurrence);
      }
      const from = declaringItem(meaning);
      if (from !== undefined && from !== item) references.add(from);
    };
    visit(item);
    this.references.set(item, references);
  }

  in(path: string): readonly Occurrence[] {
    return this.byFile.get(path) ?? [];
  }

  /** The name under a cursor; of two that touch it, the one that begins there. */
  at(path: string, offset: number): Occurrence | undefined {
    const all = this.in(path);
    let [low, high] = [0, all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle]!.name.range.start <= offset) low = middle + 1;
      else high = middle;
    }
    for (const k of [low - 1, low - 2]) {
      const o = all[k];
      if (o !== undefined && o.name.range.start <= offset && offset <= o.name.range.end) return o;
    }
    return undefined;
  }

  /** Every place that means the same, the declaration among them. */
  same(meaning: Meaning): readonly Occurrence[] {
    const name = declaredName(meaning);
    return name === undefined ? [] : (this.byDeclaration.get(name) ?? []);
  }

  idOf(meaning: Meaning): SymbolId | undefined {
    const name = declaredName(meaning);
    const place = name === undefined ? undefined : this.places.get(name);
    return place === undefined || name === undefined
      ? undefined
      : { path: place.file.path, start: name.range.start };
  }

  /** What means the declaration at a place, in this program. */
  withId(id: SymbolId): readonly Occurrence[] {
    const declaration = this.in(id.path).find((o) => o.declares && o.name.range.start === id.start);
    return declaration === undefined ? [] : this.same(declaration.meaning);
  }
}
