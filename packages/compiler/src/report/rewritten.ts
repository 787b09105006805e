/** As written and rewritten, side by side: what each rewriting of a task is, how deep it comes out, and whether that is less. */
import { limits } from "../algebra/rewrite/context";
import { type Applied, rewrites } from "../algebra/rewrite/rewrites";
import { sizeProblems } from "../checks/sizes";
import { proveDepth } from "../depth/prove";
import type { CostModel } from "../equations/cost";
import type { Sizes, System } from "../equations/system";
import type { ClosedForm } from "../symbolic/closed-form";
import { compareGrowth, type Growth, growthOf, printGrowth } from "../symbolic/growth";
import { type Figure, provedForm, type ShownPart, shownParts } from "../symbolic/standing";
import { unroll } from "../unroll/unroll";
import { type Count, countAt, wholeOrRounded } from "./numbers";

interface RewrittenModel {
  /** At the sizes given, counted on the whole graph; where that is too large, only a depth that is proved. */
  readonly at: Partial<Readonly<Record<"depth" | "work" | "width", Count>>>;
  readonly depth: Figure;
  /**
   * Whether the depth grows more slowly than as written: `proved` by a proved bound and what is proved as written, `checked` where one of the
   * two was only checked; `no`; or not known.
   */
  readonly shallower: "proved" | "checked" | "no" | "unknown";
  /** The growths behind that. */
  readonly growth: { readonly written: Growth | undefined; readonly rewritten: Growth | undefined };
}

export interface RewrittenReport {
  /** Catalogue entries: `C.9`. */
  readonly law: string;
  readonly applied: readonly Applied[];
  /** The same function, bit for bit. */
  readonly exact: boolean;
  readonly note: string;
  readonly system: System;
  readonly steps: RewrittenModel;
  readonly ops: RewrittenModel;
}

export interface RewrittenOptions {
  readonly limit?: number | undefined;
}

/** Instances of one rewriting that are counted. */
const COUNTED = 1_000_000;

/** Every rewriting of a system that a law gives, with its depth for all sizes and its figures at `sizes`. */
export function rewrittenReports(
  system: System,
  sizes: Sizes,
  { limit }: RewrittenOptions = {},
): readonly RewrittenReport[] {
  const valid = (s: Sizes) => sizeProblems(system, s).length === 0;
  const depthOf = (s: System, of: CostModel): Figure => proveDepth(s, of, { valid }).depth;
  return rewrites(system).map((r) => {
    const model = (of: CostModel): RewrittenModel => {
      const counted = unroll(r.system, sizes, { model: of, limit: limit ?? COUNTED });
      const figure = depthOf(r.system, of);
      const at = (): RewrittenModel["at"] => {
        if (!counted.ok) return { depth: countAt(provedForm(figure), sizes) };
        const { depth, work, width } = counted.result;
        return { depth, work, width };
      };
      return {
        at: at(),
        depth: figure,
        ...comparison(system, depthOf(system, of), figure),
      };
    };
    const { law, applied, exact, note } = r;
    return { law, applied, exact, note, system: r.system, steps: model("steps"), ops: model("ops") };
  });
}

function comparison(
  system: System,
  written: Figure,
  rewritten: Figure,
): Pick<RewrittenModel, "shallower" | "growth"> {
  const growth = (form: ClosedForm | undefined): Growth | undefined =>
    form && growthOf(form, system.sizes, system.constraints);
  const before = growth(written.exact?.form ?? written.lower?.form);
  const bound = rewritten.upper?.standing.kind === "proved" ? rewritten.upper.form : undefined;
  const certain = growth(provedForm(rewritten) ?? bound);
  const likely = growth(rewritten.exact?.form);
  const both = { written: before, rewritten: likely ?? certain };
  if (before === undefined) return { shallower: "unknown", growth: both };
  const less = (g: Growth | undefined) =>
    g !== undefined && before.tight && compareGrowth(g, before) === "less";
  const sure =
    provedForm(written) !== undefined ||
    (written.exact === undefined && written.lower?.standing.kind === "proved");
  if (sure && less(certain)) return { shallower: "proved", growth: both };
  if (less(likely) || less(certain)) return { shallower: "checked", growth: both };
  const order = likely?.tight === true ? compareGrowth(likely, before) : undefined;
  return { shallower: order === "equal" || order === "greater" ? "no" : "unknown", growth: both };
}

// As text: the same rows for the terminal, Markdown and the page

/** What a rewriting is worth: `equal bit for bit`, or what may differ. */
export function worthOf(r: Pick<RewrittenReport, "applied" | "exact">): string {
  if (r.exact) return "equal bit for bit";
  const held = r.applied.flatMap((a) =>
    a.upTo.map((u) =>
      u === "rounding" && a.roundings !== undefined
        ? `equal ${limits[u]}, every value within γ(${a.roundings})·S of the exact one`
        : `equal ${limits[u]}`,
    ),
  );
  return [...new Set(held)].join("; ");
}

/** One model of one rewriting, as written and rewritten. */
export interface ComparedRow {
  readonly model: CostModel;
  /** Counts at the report's sizes. */
  readonly counted: {
    readonly depth: readonly [string, string];
    readonly work: readonly [string, string];
  };
  /** What is best known for all sizes. */
  readonly written: ShownPart | undefined;
  readonly rewritten: ShownPart | undefined;
  /** `shallower: Θ(log(n)) instead of Θ(n)`. */
  readonly says: string;
}

export function comparedRows(
  report: Readonly<
    Record<
      CostModel,
      { readonly depth: Figure; readonly at: { depth: Count | undefined; work: Count | undefined } }
    >
  >,
  r: RewrittenReport,
): readonly ComparedRow[] {
  return (["steps", "ops"] as const).map((model) => {
    const before = report[model];
    const after = r[model];
    return {
      model,
      counted: {
        depth: [wholeOrRounded(before.at.depth), wholeOrRounded(after.at.depth)],
        work: [wholeOrRounded(before.at.work), wholeOrRounded(after.at.work)],
      },
      written: shownParts(before.depth)[0],
      rewritten: best(after.depth),
      says: saysOf(after),
    };
  });
}

/** A value that was checked says more than a bound of all work. */
const best = (figure: Figure): ShownPart | undefined => {
  const parts = shownParts(figure);
  return parts.find((p) => p.relation === "=") ?? parts[0];
};

/** Whether that is shallower, in words. */
export function saysOf({ shallower, growth: { written, rewritten } }: RewrittenModel): string {
  const from = written === undefined ? "" : printGrowth(written);
  const to = rewritten === undefined ? "" : printGrowth(rewritten);
  switch (shallower) {
    case "proved":
      return `shallower: ${to} instead of ${from}, proved`;
    case "checked":
      return `shallower: ${to} instead of ${from}, as far as it was checked`;
    case "no":
      return `not shallower: ${to}, and ${from} as written`;
    case "unknown":
      return "for all sizes it is not known whether that is shallower";
  }
}
