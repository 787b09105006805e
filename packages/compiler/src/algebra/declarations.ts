/** What must hold of declarations outside tasks: monoids are monoids. */
import { type CheckedProgram, type Diagnostic, diagnostic, type MonoidItem } from "@fathom/lang";
import { lowerMonoid } from "../equations/lower/lower";
import type { Element } from "../equations/monoid";
import type { Monoid } from "../equations/system";
import { type Broken, type MonoidLaws, monoidLaws } from "./associativity";

export interface DeclaredMonoid {
  readonly item: MonoidItem;
  readonly monoid: Monoid;
  readonly laws: MonoidLaws;
}

/** Every monoid of a program, imported ones too, and what is known of its laws. The program must be free of errors. */
export function declaredMonoids(program: CheckedProgram): DeclaredMonoid[] {
  return program.files.flatMap((file) =>
    file.tree.items.flatMap((item) => {
      if (item.kind !== "monoid") return [];
      const monoid = lowerMonoid(program, item);
      return [{ item, monoid, laws: monoidLaws(monoid) }];
    }),
  );
}

/** Everything wrong outside tasks. The program must be free of errors. */
export function checkDeclarations(program: CheckedProgram): Diagnostic[] {
  return declaredMonoids(program).flatMap(({ item, laws }) =>
    laws.holds
      ? []
      : [brokenLaw(item, laws.broken, { file: program.fileOf(item).path, range: item.name.range })],
  );
}

function brokenLaw(item: MonoidItem, broken: Broken, at: Parameters<typeof diagnostic>[1]): Diagnostic {
  const name = item.name.text;
  const [a, b, c] = broken.elements.map(printElement);
  switch (broken.law) {
    case "closed":
      return diagnostic("monoid-not-closed", at, {
        name,
        left: a!,
        right: b!,
        found: printElement(broken.found),
      });
    case "identity":
      return diagnostic("monoid-identity", at, {
        name,
        product: broken.side === "left" ? `identity · ${a}` : `${a} · identity`,
        found: printElement(broken.found),
        expected: a!,
      });
    case "associative":
      return diagnostic("monoid-not-associative", at, {
        name,
        a: a!,
        b: b!,
        c: c!,
        left: printElement(broken.found[0]),
        right: printElement(broken.found[1]),
      });
  }
}

/** A scalar by itself, a tuple in brackets. */
function printElement(element: Element): string {
  const parts = element.map((v) => (typeof v === "number" ? String(v) : `(${v.join(", ")})`));
  return parts.length === 1 ? parts[0]! : `[${parts.join(", ")}]`;
}
