/** `fathom compare`: two tasks side by side, and how far apart their outputs are on the same inputs. */
import {
  alignment,
  allocate,
  analyze,
  type Compiled,
  coarsened,
  type Distance,
  defaultSizes,
  distanceBetween,
  type FamilyValues,
  type Figure,
  wholeOrRounded as number,
  printClass,
  printFigure,
  type Report,
  rewrites,
  type Sizes,
  shownParts,
  sizesText,
  unroll,
  verdictText,
} from "@fathom/compiler";
import { isGiven } from "@fathom/lang";
import { execute } from "@fathom/runtime";
import type { Command } from "commander";
import pc from "picocolors";
import { drawLines } from "../charts";
import {
  type Arguments,
  bindAll,
  Exit,
  exitCode,
  openNamed,
  orExit,
  parseArguments,
  seedOf,
  sizesOrExit,
} from "../program";
import { jsonOption, print, writeWhole } from "../terminal";

interface Side {
  readonly compiled: Compiled;
  readonly args: Arguments;
  readonly sizes: Sizes;
  readonly report: Report;
  /** How many numbers its `param` families hold. */
  readonly weights: number;
  /** The shallowest rewriting, counted at these sizes. */
  readonly rewritten: { readonly depth: number; readonly work: number; readonly law: string } | undefined;
}

export function compareCommand(cli: Command): void {
  cli
    .command("compare <a> <b> [arguments...]")
    .description(
      "two tasks side by side: depth, work, class, and the error between outputs on the same inputs; `FILE` or `FILE:TASK`; `n=8` is for both, `a.n=8` for the first",
    )
    .addOption(jsonOption)
    .option("--seed <n>", "makes up inputs that are not given, the same for both", "1")
    .option("-o, --out <svg>", "draw the error along the first index of the outputs")
    .action(
      async (a: string, b: string, words: string[], o: { json?: boolean; seed: string; out?: string }) => {
        const json = o.json === true;
        const seed = seedOf(o.seed);
        const opened = [openNamed(a, json), openNamed(b, json)] as const;
        const own = wordsOfSides(opened, words);
        const first = sideOf(opened[0], own[0], {}, json);
        const second = sideOf(opened[1], own[1], first.sizes, json);
        const { inputs, apart, unlike } = sharedInputs(first, second, seed, json);
        const distances = unlike.length > 0 ? [] : await outputsCompared([first, second], inputs, seed, json);
        if (json) {
          const sides = [first, second].map((s) => sideJson(s));
          print(JSON.stringify({ sides, distances, apart, unlike, seed }));
        } else print(render(first, second, distances, { apart, unlike }, seed));
        if (o.out !== undefined) await drawErrors(o.out, first, second, distances);
      },
    );
}

/** `a.n=8` is a word of the first task, `n=8` of each that knows the name. */
function wordsOfSides(opened: readonly [Compiled, Compiled], words: readonly string[]): [string[], string[]] {
  const names = opened.map(({ system }) => new Set([...system.sizes, ...system.families].map((x) => x.name)));
  const found: [string[], string[]] = [[], []];
  for (const word of words) {
    const name = word.split("=")[0]!;
    const at = name.startsWith("a.") ? 0 : name.startsWith("b.") ? 1 : undefined;
    const plain = at === undefined ? word : word.slice(2);
    const sides = [0, 1].filter(
      (k) => (at === undefined || at === k) && names[k]!.has(plain.split("=")[0]!),
    ) as (0 | 1)[];
    if (sides.length === 0) throw new Exit(exitCode.usage, `neither task has a size or input for ${word}`);
    for (const k of sides) found[k].push(plain);
  }
  return found;
}

/** What is not said: as the first task has it where it knows the size, else middling. */
function sideOf(compiled: Compiled, words: readonly string[], like: Sizes, json: boolean): Side {
  const { system, program } = compiled;
  const args = parseArguments(system, words, undefined);
  const usual = { ...defaultSizes(system), ...like, ...args.sizes };
  const sizes = Object.fromEntries(system.sizes.map((s) => [s.name, usual[s.name] ?? 0]));
  sizesOrExit(compiled, sizes, json);
  const result = analyze(compiled, { sizes });
  if (!result.ok) {
    orExit(program, result.diagnostics, json);
    throw new Exit(exitCode.found, "");
  }
  const forms = rewrites(system).flatMap((r) => {
    const counted = unroll(r.system, sizes, { model: "steps" });
    return counted.ok ? [{ depth: counted.result.depth, work: counted.result.work, law: r.law }] : [];
  });
  const weights = system.families
    .filter((f) => f.role === "param")
    .reduce((n, f) => n + allocate(f, sizes).data.length, 0);
  const [rewritten] = forms.sort((x, y) => x.depth - y.depth || x.work - y.work);
  return { compiled, args: { ...args, sizes }, sizes, report: result.report, weights, rewritten };
}

type Inputs = Map<string, FamilyValues>;

/** Inputs that the user set apart, and those that have no counterpart of a fitting shape. */
interface Unshared {
  readonly apart: readonly string[];
  readonly unlike: readonly string[];
}

/** The same inputs for both. Where one side's grid is coarser it gets every k-th value of the other. */
function sharedInputs(
  first: Side,
  second: Side,
  seed: number,
  json: boolean,
): Unshared & { inputs: [Inputs, Inputs] } {
  const inputsOf = (s: Side) => s.compiled.system.families.filter(isGiven);
  // By their names and shapes alone: what has no counterpart need not be made up. What is given apart is the user's wish.
  const given = (name: string) => first.args.given.has(name) || second.args.given.has(name);
  const alone = (x: Side, y: Side) =>
    inputsOf(x).flatMap((f) => (inputsOf(y).some((g) => g.name === f.name) || given(f.name) ? [] : [f.name]));
  const unfit = inputsOf(first).flatMap((mine) => {
    const theirs = inputsOf(second).find((g) => g.name === mine.name);
    if (theirs === undefined) return [];
    const align = alignment(mine, allocate(mine, first.sizes), allocate(theirs, second.sizes));
    const fits = align !== undefined && ["a", "b"].some((k) => align.strides.every((s) => s[k as "a"] === 1));
    return fits ? [] : [mine.name];
  });
  const unlike = [...unfit, ...alone(first, second), ...alone(second, first)];
  if (unlike.length > 0) return { inputs: [new Map(), new Map()], apart: [], unlike };
  const [a, b] = [first, second].map((s) => {
    const bound = bindAll(s.compiled.system, s.args, seed);
    orExit(s.compiled.program, bound.diagnostics, json);
    return bound.inputs;
  }) as [Inputs, Inputs];
  const apart = [...b.keys()].filter((name) => !a.has(name));
  for (const [name, mine] of a) {
    const theirs = b.get(name);
    if (theirs === undefined) {
      apart.push(name);
      continue;
    }
    const family = inputsOf(first).find((f) => f.name === name)!;
    const align = alignment(family, mine, theirs)!;
    const turned = { extent: align.extent, strides: align.strides.map((s) => ({ a: s.b, b: s.a })) };
    const coarse = second.args.given.has(name) ? undefined : coarsened(align, mine, theirs);
    const fine = first.args.given.has(name) ? undefined : coarsened(turned, theirs, mine);
    if (coarse !== undefined) b.set(name, coarse);
    else if (fine !== undefined) a.set(name, fine);
    const distance = distanceBetween(family, a.get(name)!, b.get(name)!);
    if (distance === undefined || distance.different > 0) apart.push(name);
  }
  return { inputs: [a, b], apart, unlike };
}

async function outputsCompared(
  sides: readonly [Side, Side],
  inputs: readonly [Inputs, Inputs],
  seed: number,
  json: boolean,
): Promise<(Distance | { readonly family: string })[]> {
  const families = sides.map((s) => s.compiled.system.families.filter((f) => f.role === "output"));
  const shared = families[0]!.filter((f) => families[1]!.some((g) => g.name === f.name));
  if (shared.length === 0) return [];
  const outputs: Readonly<Record<string, FamilyValues>>[] = [];
  for (const [k, { compiled, sizes }] of sides.entries()) {
    const found = await execute(compiled, { sizes, inputs: inputs[k]!, seed });
    orExit(compiled.program, found.diagnostics, json);
    outputs.push(found.outputs);
  }
  return shared.map(
    (f) => distanceBetween(f, outputs[0]![f.name]!, outputs[1]![f.name]!) ?? { family: f.name },
  );
}

const sideJson = ({ report: { task, sizes, steps, ops, judgement }, weights, rewritten }: Side) => ({
  task,
  sizes,
  figures: steps.at,
  ops: ops.at,
  depth: printFigure(steps.depth),
  work: printFigure(steps.work),
  weights,
  rewritten,
  class: judgement.bound === undefined ? undefined : printClass(judgement.bound.class),
  verdict: verdictText[judgement.verdict],
});

function render(
  first: Side,
  second: Side,
  distances: readonly (Distance | { readonly family: string })[],
  { apart, unlike }: Unshared,
  seed: number,
): string {
  const rows: [string, (s: Side) => string][] = [
    ["sizes", (s) => sizesText(s.sizes)],
    ["depth", (s) => number(s.report.steps.at.depth)],
    ["depth, ops", (s) => number(s.report.ops.at.depth)],
    [
      "rewritten",
      ({ rewritten }) => (rewritten === undefined ? "none" : `${number(rewritten.depth)} [${rewritten.law}]`),
    ],
    ["work", (s) => number(s.report.steps.at.work)],
    ["work, ops", (s) => number(s.report.ops.at.work)],
    ["width", (s) => number(s.report.steps.at.width)],
    ["weights", (s) => number(s.weights)],
    [
      "class",
      ({ report: { judgement } }) =>
        judgement.bound === undefined ? "none" : printClass(judgement.bound.class),
    ],
    ["verdict", ({ report: { judgement } }) => verdictText[judgement.verdict]],
  ];
  const shown = rows
    .map(([label, of]) => [label, of(first), of(second)] as const)
    .filter(([label, x, y]) => label !== "weights" || x !== "0" || y !== "0");
  const width = Math.max(first.report.task.length, ...shown.map(([, x]) => x.length));
  const lines = [
    `${"".padEnd(12)}${pc.bold(first.report.task.padEnd(width))}  ${pc.bold(second.report.task)}`,
  ];
  for (const [label, x, y] of shown) lines.push(`${label.padEnd(12)}${x.padEnd(width)}  ${y}`);
  lines.push(pc.bold("for all sizes, in steps"));
  for (const figure of ["depth", "work"] as const)
    for (const [name, s] of [
      ["a", first],
      ["b", second],
    ] as const)
      lines.push(`  ${figure.padEnd(6)}${name}  ${brief(s.report.steps[figure])}`);
  lines.push(pc.bold(`outputs on the same inputs (seed ${seed})`));
  const outputs = [first, second].map((s) => s.compiled.system.families.filter((f) => f.role === "output"));
  if (!outputs[0]!.some((f) => outputs[1]!.some((g) => g.name === f.name)))
    lines.push("  no output has the same name in both");
  else if (unlike.length > 0) {
    const names = unlike.length > 4 ? [...unlike.slice(0, 3), `${unlike.length - 3} more inputs`] : unlike;
    lines.push(
      `  not compared: ${names.join(", ")} ${names.length === 1 ? "has" : "have"} no counterpart of a fitting shape`,
    );
  } else if (apart.length > 0) lines.push(pc.yellow(`  but for ${apart.join(", ")}`));
  for (const d of distances) {
    const family = first.compiled.system.families.find((f) => f.name === d.family)!;
    lines.push(...distanceLines(d, family.type.kind === "bit" || family.type.kind === "enum"));
  }
  return lines.join("\n");
}

/** Of names, `only` whether they differ is worth saying. */
function distanceLines(d: Distance | { readonly family: string }, only: boolean): string[] {
  if (!("values" in d)) return [`  ${d.family}: the shapes do not fit each other`];
  const every = d.every.map((e) => `every ${e.every} steps of ${e.index} in ${e.of}`);
  const where = every.length === 0 ? "" : ` (${every.join(", ")})`;
  if (d.different === 0)
    return [
      `  ${d.family}: ${d.values === 1 ? "equal" : `all ${number(d.values)} values are equal`}${where}`,
    ];
  const lines = [`  ${d.family}: ${number(d.different)} of ${number(d.values)} values differ${where}`];
  if (only) return lines;
  const share = Number.isFinite(d.relative) ? `, relative to a ${short(d.relative)}` : "";
  lines.push(`    greatest difference ${short(d.greatest)}, root mean square ${short(d.rms)}${share}`);
  if (d.along !== undefined && d.every.length > 0) {
    const { index, greatest } = d.along;
    const last = greatest.length - 1;
    const at = [...new Set([0, 1, 2, 3, 4].map((q) => Math.round((q * last) / 4)))];
    lines.push(`    greatest at ${index} = ${at.map((k) => `${k}: ${short(greatest[k]!)}`).join("   ")}`);
  }
  return lines;
}

/** The value where one is known, proved or not, else what bounds it. */
function brief(figure: Figure): string {
  const parts = shownParts(figure);
  const part = parts.find((p) => p.relation === "=") ?? parts[0];
  if (part === undefined) return "not known";
  return `${part.relation === "=" ? "" : `${part.relation} `}${part.form} (${part.note})`;
}

const short = (x: number): string => (x === 0 ? "0" : String(Number(x.toPrecision(3))));

/** The greatest error at each point of the first index. */
async function drawErrors(
  path: string,
  first: Side,
  second: Side,
  distances: readonly (Distance | { readonly family: string })[],
): Promise<void> {
  const lines = distances.flatMap((d) =>
    "values" in d && d.along !== undefined
      ? [{ name: d.family, points: d.along.greatest.map((y, k) => [k, y] as const), index: d.along.index }]
      : [],
  );
  const [line] = lines;
  if (line === undefined)
    throw new Exit(
      exitCode.usage,
      "there is no picture: no output in both has more than two points along its first index",
    );
  const picture = await drawLines({
    title: `Greatest difference: ${[first, second].map((s) => `${s.report.task} (${sizesText(s.sizes)})`).join(", ")}`,
    x: line.index,
    y: "difference",
    lines,
  });
  writeWhole(path, picture);
}
