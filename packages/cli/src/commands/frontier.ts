/** `fathom frontier`: depth against width, by tables of cones and by composing the maps of a state. */
import {
  defaultSizes,
  type Frontier,
  type FrontierPoint,
  frontierOf,
  judgementOf,
  knownLimits,
  type Sizes,
  type System,
  sizeProblems,
  sizesText,
  unroll,
} from "@fathom/compiler";
import type { Diagnostic } from "@fathom/lang";
import type { Command } from "commander";
import pc from "picocolors";
import { drawLines } from "../charts";
import { openTask, orExit, parseArguments, sizesOrExit } from "../program";
import { jsonOption, print, taskOption, writeWhole } from "../terminal";

export function frontierCommand(cli: Command): void {
  cli
    .command("frontier <file> [sizes...]")
    .description("depth against width: what looking up k levels in one table costs, on the task's own graph")
    .addOption(taskOption)
    .addOption(jsonOption)
    .option("-o, --out <svg>", "draw the curve")
    .action(async (file: string, words: string[], o: { task?: string; json?: boolean; out?: string }) => {
      const json = o.json === true;
      const compiled = openTask(file, o.task, json);
      const { system, program } = compiled;
      const given = parseArguments(system, words, undefined).sizes;
      sizesOrExit(compiled, { ...defaultSizes(system), ...given }, json);
      const found = frontierAt(system, given);
      if (!("frontier" in found)) {
        orExit(program, found, json);
        return;
      }
      const { sizes, frontier } = found;
      const limits = knownLimits(judgementOf(compiled));
      if (json) print(JSON.stringify({ task: system.name, sizes, ...frontier, limits }));
      else {
        print(
          `${pc.bold(system.name)}  at ${sizesText(sizes)}: depth ${frontier.depth} as written, width ${frontier.width}, ${counted(frontier.instances, "instance")}`,
        );
        print(render(frontier).join("\n"));
        print(pc.bold("known limits"));
        for (const l of limits) print(`  [${l.entry}] ${l.text} (${l.source})`);
      }
      if (o.out !== undefined) writeWhole(o.out, await draw(system.name, sizesText(sizes), frontier));
    });
}

const table = (label: string, points: readonly FrontierPoint[]): string[] => [
  pc.dim(`  ${label.padStart(14)}   depth   rows of a table`),
  ...points.map(
    (p) =>
      `  ${String(p.steps).padStart(14)}   ${String(p.depth).padStart(5)}   2^${p.bits}${p.practical ? "" : pc.yellow("  out of reach")}`,
  ),
];

/** What the growth of a cone means: how many levels at once tables of polynomial size can hold. */
function conclusion({ cone, grows, words }: Frontier): string {
  if (cone === undefined)
    return grows
      ? "an equation reads more values where sizes are larger, so a table for a fixed number of levels grows with them"
      : "no polynomial in k was found for the bits of a cone: it meets the edges at these sizes, try larger ones";
  const ends = `the cone of k levels ends in ${cone.form} bits (counted for k = 1 to ${cone.upTo})`;
  if (grows) return `${ends} at these sizes; with larger sizes an equation reads more, and it ends in more`;
  if (cone.degree === 0) return `${ends}: one table holds the whole depth`;
  const beyond = "at polynomial width; beyond it tables are larger than every polynomial";
  if (words) return `${ends}, a word being O(log N) of them: depth D / O(1) ${beyond}`;
  return `${ends}: depth D / ${cone.degree === 1 ? "O(log N)" : "O(√log N)"} ${beyond}`;
}

interface Found {
  readonly sizes: Sizes;
  readonly frontier: Frontier;
}

/** At the sizes given; those that are not given are made larger where cones meet the edges before their growth shows. */
function frontierAt(system: System, given: Sizes): Found | readonly Diagnostic[] {
  const usual = { ...defaultSizes(system), ...given };
  const at = (sizes: Sizes, limit?: number): Found | readonly Diagnostic[] => {
    const unrolled = unroll(system, sizes, { model: "steps", limit });
    return unrolled.ok ? { sizes, frontier: frontierOf(system, unrolled.result) } : unrolled.diagnostics;
  };
  const found = at(usual);
  if (!("frontier" in found) || found.frontier.cone !== undefined || found.frontier.grows) return found;
  for (const by of [4, 2]) {
    const sizes = Object.fromEntries(
      system.sizes.map(({ name, kind }) => {
        const free = kind === "size" && given[name] === undefined;
        return [name, (usual[name] ?? 0) * (free ? by : 1)];
      }),
    );
    const larger = sizeProblems(system, sizes).length === 0 ? at(sizes, 5000) : [];
    if ("frontier" in larger && larger.frontier.cone !== undefined) return larger;
  }
  return found;
}

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** What laws give: where the algebra of a step is known, no table of all its states is needed. */
function forms({ rewritten }: Frontier): string[] {
  if (rewritten.length === 0) return [];
  return [
    pc.bold("forms that laws give") + pc.dim("  (fathom rewrite prints them)"),
    ...rewritten.map(
      (r) =>
        `  ${r.name} ${pc.dim(`[${r.law}]`)}: depth ${r.depth}, width ${r.width}, work ${r.work}${r.exact ? "" : ", not bit for bit"}`,
    ),
  ];
}

function render(frontier: Frontier): string[] {
  const lines = [pc.bold("k levels looked up in one table"), ...table("levels at once", frontier.points)];
  lines.push(`  ${conclusion(frontier)}`);
  lines.push(
    pc.dim(
      `  ${counted(frontier.cones, "cone")}${frontier.all ? ", all there are" : ", the deepest first; larger ones may exist"}; out of reach: more rows than the square of the instances`,
    ),
  );
  for (const s of frontier.states) {
    lines.push(
      pc.bold(`r maps of the state of ${s.families.join(", ")} composed at once`) + pc.dim(" [G.3]"),
      ...table("maps at once", s.points),
      `  the live state is ${s.live} bits (${s.bits} here): ${
        s.exponential
          ? "it grows faster than log N, so every such table is larger than every polynomial"
          : "O(log N), so tables of a fixed r are polynomial, and logarithmic depth is enough"
      }`,
    );
  }
  return [...lines, ...forms(frontier)];
}

async function draw(task: string, at: string, { points, states, instances }: Frontier): Promise<string> {
  const named = [
    { name: "levels in one table", points },
    ...states.map((s) => ({ name: `maps of ${s.families[0]} composed`, points: s.points })),
  ];
  // Tables of more than 2^160 rows are off the picture.
  const lines = named.map(({ name, points: p }) => ({
    name,
    points: p.filter((q) => q.bits <= 160).map((q) => [q.depth, q.bits] as const),
  }));
  const shown = lines.filter((l) => l.points.length > 0);
  return drawLines({
    title: `${task} (${at}): depth against the size of a table`,
    x: "depth",
    y: "log2 of its rows",
    lines: shown,
    labels: points
      .filter((p) => p.bits <= 160)
      .map((p) => ({ x: p.depth, y: p.bits, text: `k = ${p.steps}` })),
    rule: { y: 2 * Math.log2(Math.max(2, instances)), text: "the square of the graph" },
  });
}
