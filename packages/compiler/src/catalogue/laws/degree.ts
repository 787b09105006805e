/** Arithmetic circuits of small formal degree (0.6, C.20, C.21). */
import { type SemiringName, semiringForm } from "../../algebra/semiring";
import { AC, type CircuitClass, DET, LOGCFL, NL, TC } from "../../classes/classes";
import type { Reading } from "../../classes/verdict";
import { someExpr } from "../../equations/build";
import { printIndex } from "../../equations/print";
import { type Law, linearConclusion } from "./law";

const semirings: Readonly<
  Record<
    SemiringName,
    { readonly linear: CircuitClass; readonly degree: CircuitClass; readonly text: string }
  >
> = {
  boolean: { linear: NL, degree: LOGCFL, text: "(or, and)" },
  gf2: { linear: DET, degree: TC(1), text: "GF(2)" },
  int: { linear: DET, degree: TC(1), text: "integers modulo 2^32" },
  real: { linear: DET, degree: TC(1), text: "reals" },
  "min-plus": { linear: NL, degree: AC(1), text: "(min, +)" },
  "max-plus": { linear: NL, degree: AC(1), text: "(max, +)" },
  lattice: { linear: AC(1), degree: AC(1), text: "(max, min)" },
};

export const formalDegree: Law = {
  entry: "0.6",
  title: "polynomial formal degree over a commutative semiring",
  source:
    "Valiant, Skyum, Berkowitz and Rackoff, 1983; Miller, Ramachandran and Kaltofen, 1988; linear ones as in C.20, C.21",
  notClaimed:
    "anything with subtraction under a minimum, or over a product that does not commute (H.33, H.34)",
  test: (c) => {
    const form = semiringForm(
      c.system,
      c.families.map((f) => f.name),
    );
    if (form === undefined)
      return "it is not seen to be an arithmetic circuit of small degree over one semiring";
    const { linear, degree, text } = semirings[form.semiring];
    const real = c.families.some((f) => f.type.kind === "real");
    const tropical = form.semiring === "min-plus" || form.semiring === "max-plus";
    // Maxima and minima alone wrap nothing.
    const adds = c.families.some((f) =>
      f.pieces.some((p) =>
        someExpr(p.value, (e) => e.kind === "apply" && ["add", "sub", "neg"].includes(e.op)),
      ),
    );
    const readings: Reading[] =
      real && form.semiring !== "lattice" ? ["up-to-rounding"] : tropical && adds ? ["without-overflow"] : [];
    if (form.degree.kind === "linear") {
      // A chain of products with one factor from the component each: its degree is at most its length. Weights of reals are not small.
      const of = tropical && real ? AC(1) : linear;
      return linearConclusion(c, of, readings, `a sum over paths, linear over ${text}`);
    }
    for (const [name, e] of form.degree.of) {
      const family = c.families.find((f) => f.name === name)!;
      if (c.orders.ofIndex(e, family.dims).kind === "beyond") return "its formal degree is not polynomial";
    }
    const degrees = [...form.degree.of].map(([name, e]) => `${name}: ${printIndex(e)}`).join(", ");
    return linearConclusion(c, degree, readings, `polynomial formal degree over ${text} (${degrees})`);
  },
};
