/**
 * Reductions of a program: is the map easy in parallel, and do the answers agree? The map is a system of its own, so its class
 * is derived like any other. Agreement is tested on random instances and never called proved. Wires, inputs of an `index`
 * type, are drawn from a window below their bound: drawn uniformly they make circuits of logarithmic depth, on which almost
 * anything agrees (F.0; Serna, Xhafa, 1999).
 */
import {
  type CheckedProgram,
  type Diagnostic,
  diagnostic,
  type ReductionItem,
  type TaskItem,
} from "@fathom/lang";
import { compileTask } from "../checks/compile";
import { sizeProblems } from "../checks/sizes";
import { printClass } from "../classes/classes";
import { ordersOf } from "../classes/order";
import type { Judgement } from "../classes/verdict";
import { childrenOf } from "../equations/build";
import { evaluateIndex, familyBox, forEachPoint, IndexFault } from "../equations/evaluate-index";
import { interpret } from "../equations/interpret";
import { lower } from "../equations/lower/lower";
import { printSystem } from "../equations/print";
import { threefry } from "../equations/random";
import type { Expr, Family, FamilyValues, Sizes, System } from "../equations/system";
import { allocate, boundOf, componentsOf, offsetOf, showSizes, toNested } from "../equations/values";
import { unroll } from "../unroll/unroll";
import { superpolynomialFactor, verdictOf } from "./judge";

export interface ReductionTest {
  readonly item: ReductionItem;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** The map alone: the source's inputs give the target's, and the target's outputs the answer. */
  readonly map: System;
  /** On the map's own class. */
  readonly judgement: Judgement;
  /** Why the map is not easy in parallel: it is deep, or makes instances of more than polynomial size. */
  readonly objection?: string | undefined;
  /** Random instances on which both sides were computed. */
  readonly instances: number;
  /** The deepest of them, in steps of the source: the instance's own depth. */
  readonly deepest: number;
  /** How often each answer was given: one answer only tests little. */
  readonly answers: ReadonlyMap<number, number>;
  /** The smallest instance found on which they differ. */
  readonly disagreement?:
    | { readonly sizes: Sizes; readonly inputs: string; readonly expected: number; readonly found: number }
    | undefined;
  /** What is wrong with the map or the target's use: then nothing was tested. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface TestOptions {
  /** How many random instances; 24 where not said. */
  readonly instances?: number;
  /** Most instances and operands of one run of the target. */
  readonly limit?: number;
  readonly seed?: number;
}

type Outcome = Pick<ReductionTest, "instances" | "deepest" | "answers" | "disagreement">;
/** What was tested, by the equations of both sides: an edit elsewhere tests nothing again. */
const tests = new Map<string, Outcome>();

/** Derives the map's class and compares answers; undefined where the reduction has errors. Deterministic. */
export function reductionTest(
  program: CheckedProgram,
  item: ReductionItem,
  options: TestOptions = {},
): ReductionTest | undefined {
  const task = program.reductionTask(item);
  const ends = program.reductionEnds(item);
  if (task === undefined || ends === undefined) return undefined;
  const { system: whole, diagnostics } = compileTask(program, task);
  const source = lower(program, ends.from);
  const map = mapOf(whole, ends.to);
  const judgement = verdictOf(map);
  const base = {
    item,
    name: item.name.text,
    from: ends.from.name.text,
    to: ends.to.name.text,
    map,
    judgement,
    objection: objectionTo(judgement, whole),
  };
  if (diagnostics.length > 0) return { ...base, instances: 0, deepest: 0, answers: new Map(), diagnostics };
  const key = JSON.stringify([printSystem(source), printSystem(whole), options]);
  const outcome = tests.get(key) ?? compareAnswers(source, whole, options);
  if (tests.size > 100) tests.clear();
  tests.set(key, outcome);
  return { ...base, ...outcome, diagnostics };
}

function objectionTo({ verdict, bound, says }: Judgement, whole: System): string | undefined {
  if (verdict !== "parallel" && verdict !== "finite")
    return bound === undefined ? says : `derived ${printClass(bound.class)}, ${bound.because}`;
  // A horizon is a size like any other, though no input is as long.
  const factor = superpolynomialFactor(whole, ordersOf(whole));
  return factor && `its instances are larger than every polynomial: a factor ${factor}`;
}

function compareAnswers(source: System, whole: System, options: TestOptions): Outcome {
  const { instances: wanted = 24, limit = 200_000, seed = 1 } = options;
  const run = (system: System, sizes: Sizes, inputs: ReadonlyMap<string, FamilyValues>) => {
    const { values, diagnostics } = interpret(system, { sizes, inputs });
    return diagnostics.length > 0 ? undefined : values;
  };
  const output = source.families.find((f) => f.role === "output")!;
  const answers = new Map<number, number>();
  let [instances, deepest] = [0, 0];
  const all = instanceSizes(source, whole, limit, wanted);
  // A few more, as large and as deep as they come.
  const deep = instanceSizes(source, whole, DEEPER * limit, 1, true);
  for (const [k, sizes] of [...all, ...deep, ...deep].entries()) {
    const inputs = randomInstance(source, sizes, seed, k < all.length ? k : 5 * k + 4);
    const before = run(source, sizes, inputs);
    const expected = before?.get(output.name)?.data[0];
    if (before === undefined || expected === undefined) continue;
    const found = run(whole, sizes, inputs)?.get("answer")?.data[0];
    const levels = unroll(source, sizes, { model: "steps", values: before });
    instances++;
    if (levels.ok) deepest = Math.max(deepest, levels.result.depth);
    answers.set(expected, (answers.get(expected) ?? 0) + 1);
    if (found === expected) continue;
    const shown = showInputs(source, sizes, inputs);
    const disagreement = { sizes, inputs: shown, expected, found: found ?? Number.NaN };
    return { instances, deepest, answers, disagreement };
  }
  return { instances, deepest, answers };
}

/**
 * The target is left out: its inputs become outputs, and its outputs inputs of the answer. Both ways count: an answer that
 * does the work itself would be a reduction to anything.
 */
function mapOf(whole: System, to: TaskItem): System {
  const roles = new Map<string, "input" | "output">();
  for (const m of to.members) {
    if (m.kind !== "family" || m.role === "node" || m.role === "random") continue;
    roles.set(`${to.name.text}.${m.name.text}`, m.role === "output" ? "input" : "output");
  }
  const families = whole.families.flatMap((f): Family[] => {
    const role = roles.get(f.name);
    if (role === "output") return [{ ...f, role }];
    if (role === "input") return [{ ...f, role, pieces: [] }];
    return f.name.startsWith(`${to.name.text}.`) ? [] : [f];
  });
  return { ...whole, families, obligations: [] };
}

/** How many times longer the deepest instances may run. */
const DEEPER = 4;

/** Sizes to try, small ones first; large ones more often, for depth. `deepest`: the largest alone. */
function instanceSizes(
  source: System,
  whole: System,
  limit: number,
  count: number,
  deepest = false,
): Sizes[] {
  const names = source.sizes.map((s) => s.name);
  const fitting: Sizes[] = [];
  for (const n of [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128]) {
    // All alike, and with a small first size: few inputs and many gates are deep.
    for (const first of new Set([n, Math.min(n, 4)])) {
      const sizes = Object.fromEntries(names.map((name, k) => [name, k === 0 ? first : n]));
      if (sizeProblems(source, sizes).length > 0 || sizeProblems(whole, sizes).length > 0) continue;
      if (fits(whole, sizes, limit)) fitting.push(sizes);
    }
  }
  if (fitting.length === 0) return [];
  if (deepest) return fitting.slice(-1);
  const large = fitting.slice(-4);
  const small = fitting.slice(0, Math.ceil(count / 2));
  const more = Array.from({ length: Math.max(0, count - small.length) }, (_, k) => large[k % large.length]!);
  return [...small, ...more].slice(0, count);
}

/** A run is affordable, and all its extents are numbers. */
function fits(system: System, sizes: Sizes, limit: number): boolean {
  try {
    return runCost(system, sizes) <= limit;
  } catch (error) {
    if (error instanceof IndexFault) return false;
    throw error;
  }
}

/** Instances, each with the operands of its reductions: about what a run costs. Ragged ranges count as their widest. */
function runCost(system: System, sizes: Sizes): number {
  let total = 0;
  for (const family of system.families) {
    const box = familyBox(family, sizes);
    const last = new Map(family.dims.map((d, k) => [d.index, box.lo[k]! + box.extent[k]! - 1]));
    const lookup = (n: string): number => sizes[n] ?? last.get(n) ?? 0;
    const operands = (e: Expr): number => {
      const inner = childrenOf(e).reduce((sum, c) => sum + operands(c), 1);
      if (e.kind !== "reduce" && e.kind !== "fold") return inner;
      let count = 1;
      for (const d of e.dims) {
        const [lo, hi] = [evaluateIndex(d.lo, lookup), evaluateIndex(d.hi, lookup)];
        last.set(d.index, Math.max(lo, hi - 1));
        count *= Math.max(1, hi - lo);
      }
      return count * childrenOf(e).reduce((sum, c) => sum + operands(c), 0);
    };
    const each = family.pieces.reduce((most, p) => Math.max(most, operands(p.value)), 1);
    total += box.points * each;
  }
  return total;
}

/**
 * Windows of 2, of 4, or everything; or one wire of each node comes from the last before it, and then a circuit is as deep as it has
 * gates. Bits fair, ints 0 or 1 or small.
 */
function randomInstance(
  source: System,
  sizes: Sizes,
  seed: number,
  number: number,
): ReadonlyMap<string, FamilyValues> {
  let counter = 0;
  const below = (n: number): number => threefry(seed, number, counter++, 0)[0] % n;
  const window = [4, 2, 3, Number.POSITIVE_INFINITY, 4][number % 5]!;
  const chain =
    number % 5 === 4 ? source.families.find((f) => f.role === "input" && f.type.kind === "index") : undefined;
  const value = (family: Family, point: readonly number[]): number => {
    const { type } = family;
    switch (type.kind) {
      case "bit":
        return below(2);
      case "enum":
        return below(type.cases.length);
      case "index": {
        const bound = boundOf(type, family.dims, sizes, point)!;
        const within = family === chain ? 1 : window;
        return bound <= 0 ? 0 : bound - 1 - below(Math.min(bound, within));
      }
      case "int":
        return below(2);
      default:
        return below(9) / 8;
    }
  };
  const inputs = new Map<string, FamilyValues>();
  for (const family of source.families) {
    if (family.role !== "input" && family.role !== "param") continue;
    const values = allocate(family, sizes);
    const width = componentsOf(family.type);
    forEachPoint(family.dims, sizes, (point) => {
      const offset = offsetOf(values, point) * width;
      for (let k = 0; k < width; k++) values.data[offset + k] = value(family, point);
    });
    inputs.set(family.name, values);
  }
  return inputs;
}

function showInputs(source: System, sizes: Sizes, inputs: ReadonlyMap<string, FamilyValues>): string {
  return source.families
    .filter((f) => inputs.has(f.name))
    .map((f) => `${f.name} = ${JSON.stringify(toNested(f, sizes, inputs.get(f.name)!))}`)
    .join(", ");
}

/** What is wrong with the reductions of a program, or with one of them. */
export function checkReductions(program: CheckedProgram, only?: ReductionItem): Diagnostic[] {
  const items = only === undefined ? program.reductions : [only];
  return items.flatMap((item) => {
    const test = reductionTest(program, item);
    if (test === undefined) return [];
    const at = { file: program.fileOf(item).path, range: item.name.range };
    const found = [...test.diagnostics];
    if (test.objection !== undefined)
      found.push(diagnostic("reduction-not-shallow", at, { name: test.name, why: test.objection }));
    if (test.disagreement !== undefined) {
      const { sizes, inputs, expected, found: other } = test.disagreement;
      const args = {
        name: test.name,
        from: test.from,
        to: test.to,
        sizes: showSizes(lower(program, program.reductionEnds(item)!.from), sizes),
        inputs: inputs.length > 200 ? `${inputs.slice(0, 200)}…` : inputs,
        expected,
        found: other,
      };
      found.push(diagnostic("reduction-disagrees", at, args));
    }
    return found;
  });
}

/** "NandToHorn: tested on 32 instances up to depth 41, map in AC^0". */
export function describeReduction(test: ReductionTest): string {
  const { bound } = test.judgement;
  const map = bound === undefined ? "" : `, its map is in ${printClass(bound.class)}`;
  const split = [...test.answers].map(([answer, times]) => `${times} × ${answer}`).join(", ");
  return `${test.from} to ${test.to}: agrees on ${test.instances} instances up to depth ${test.deepest} (answers ${split})${map}; tested, not proved`;
}
