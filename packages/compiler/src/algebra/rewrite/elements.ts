/** Steps `s = s ∘ x` by an operation on finitely many values that is associative, whatever it is: a scan of the elements themselves. */
import * as build from "../../equations/build";
import { readsOf, rewriteExpr } from "../../equations/expressions";
import { evaluateClosed, OutsideTable } from "../../equations/monoid";
import type { Expr, Read } from "../../equations/system";
import { stateRead, valuesOfType } from "../recurrence";
import { afterStarts, is, type Law, placeAt, startAt } from "./context";
import { scan } from "./scan";

/** Values for which all triples are tried: those of the groups that people name, S5 with its 120 among them. */
const VALUES = 128;

export const asElementScan: Law = (c) => {
  const { r, family, time } = c;
  const [s] = r.state;
  if (r.state.length !== 1 || s!.depth !== 1 || s!.cells.length > 0 || r.startSteps !== 1) return undefined;
  const later = afterStarts(c, family.name);
  const count = valuesOfType(family.type);
  if (later?.length !== 1 || count === undefined || count > VALUES) return undefined;
  const step = later[0]!.value;
  const others: Read[] = readsOf(step).filter((x) => stateRead(r, time.index, x) === undefined);
  const [element, ...more] = others;
  // One thing is combined with the state, of its type; nothing else decides.
  const dependent = element?.at.some((x) => x.kind === "dynamic");
  if (
    element === undefined ||
    more.length > 0 ||
    dependent ||
    build.typeKey(element.type) !== build.typeKey(family.type)
  )
    return undefined;
  if (build.someExpr(step, (e) => e.kind === "index-value" || e.kind === "choose" || e.kind === "fold"))
    return undefined;
  const between = (left: Expr, right: Expr): Expr =>
    rewriteExpr(step, (e) => (e === element ? right : e.kind === "read" ? left : undefined));
  const operand = (side: "left" | "right") => build.operand(side, 0, family.type);
  if (!isAssociative(between(operand("left"), operand("right")), count)) return undefined;
  const type = family.type;
  const first = is(build.index(time.index), placeAt(c, 0));
  const { families, last } = scan(c, placeAt(c, 0), [
    {
      name: c.freshFamily(`${family.name}.scan`),
      type,
      own: [],
      element: [
        { guard: first, value: startAt(c, family.name, placeAt(c, 0)) },
        { guard: build.always, value: element },
      ],
      combine: (earlier, after) => between(earlier(0), after(0)),
    },
  ]);
  return {
    families: [...families, { ...family, pieces: [{ guard: build.always, value: last(0) }] }],
    law: "C.2",
    name: `a scan by its own operation, associative on ${count} values`,
    upTo: [],
    note: "",
  };
};

/** On 0..count, where it stays inside: by every triple. */
function isAssociative(operation: Expr, count: number): boolean {
  const table = new Uint8Array(count * count);
  for (let a = 0; a < count; a++)
    for (let b = 0; b < count; b++) {
      let value: number;
      try {
        value = evaluateClosed(operation, (side) => (side === "left" ? a : b)) as number;
      } catch (error) {
        if (error instanceof OutsideTable) return false;
        throw error;
      }
      if (!(value >= 0 && value < count)) return false;
      table[a * count + b] = value;
    }
  for (let a = 0; a < count; a++)
    for (let b = 0; b < count; b++) {
      const ab = table[a * count + b]! * count;
      for (let d = 0; d < count; d++)
        if (table[ab + d] !== table[a * count + table[b * count + d]!]) return false;
    }
  return true;
}
