/** Class and verdict as text: the sentence, the bounds, the derivation, the side conditions, and what is not claimed. */
import {
  type ClassBound,
  type Derivation,
  explainClass,
  type Judgement,
  printClass,
  printStanding,
  readingText,
  type VerdictKind,
  verdictText,
} from "@fathom/compiler";
import pc from "picocolors";

export const paintVerdict = (kind: VerdictKind): string => {
  const paint = kind === "parallel" ? pc.green : kind === "inherently-serial" ? pc.red : pc.yellow;
  return paint(verdictText[kind]);
};

/** `in TC^0 (exact), by one layer [C.1]`. */
const boundText = (b: ClassBound): string =>
  `in ${b.nonuniform === true ? "nonuniform " : ""}${printClass(b.class)} (${b.readings.length === 0 ? "exact" : b.readings.map((r) => readingText[r]).join(", ")}), by ${b.because} [${b.entry}]`;

export function renderJudgement(j: Judgement): string[] {
  const lines = [`${pc.bold("class and verdict")}  ${paintVerdict(j.verdict)}`, `  ${j.says}`];
  const row = (label: string, text: string) => lines.push(`  ${label.padEnd(12)}${text}`);
  if (j.bound !== undefined) {
    row("class", `${boundText(j.bound)}  ${pc.dim(explainClass(j.bound.class))}`);
    for (const other of j.others) row("", boundText(other));
    if (j.asWritten !== undefined && printClass(j.asWritten.class) !== printClass(j.bound.class))
      row("as written", boundText(j.asWritten));
  }
  lines.push(`  ${pc.bold("derivation")}`, ...tree(j.derivation, "    "));
  for (const r of j.resisted) {
    lines.push(`  ${pc.bold("what resisted")}  ${r.families.join(", ")}`, `    ${r.why}`);
    if (r.helps !== undefined) lines.push(`    ${pc.green("help:")} ${r.helps}`);
  }
  const c = j.sideConditions;
  lines.push(
    `  ${pc.bold("under these conditions")}`,
    `    length      ${c.inputLength}`,
    ...(c.horizon.sizes.length === 0
      ? []
      : [
          `    horizon     ${c.horizon.encoding}: N counts ${c.horizon.sizes.join(", ")} too, and each is polynomial in it`,
        ]),
    `    bits        ${c.bitGrowth.why}${c.bitGrowth.doubles.length === 0 ? "" : `; else ${c.bitGrowth.doubles.join(", ")} would double in length at every step [H.8]`}`,
    `    uniformity  ${c.uniformity.value}: ${c.uniformity.why}${c.uniformity.advice.length === 0 ? "" : ` (${c.uniformity.advice.join(", ")}) [H.4]`}`,
    `    reals       ${c.realOrder}`,
    `    scope       ${c.scope}${c.randomness === "none" ? "" : `; ${c.randomness}`}${c.eps === undefined ? "" : `; within ${c.eps}`}`,
  );
  if (j.notClaimed.length > 0)
    lines.push(
      `  ${pc.bold("not claimed")}`,
      ...j.notClaimed.map((n) => `    ${n.text} ${pc.dim(`[${n.entry}]`)}`),
    );
  return lines;
}

function tree(d: Derivation, indent: string): string[] {
  return [
    `${indent}${d.claim}`,
    `${indent}  ${pc.dim(`${d.rule}: ${printStanding(d.standing)}${d.detail === undefined ? "" : `; ${d.detail}`}`)}`,
    ...d.premises.flatMap((p) => tree(p, `${indent}  `)),
  ];
}
