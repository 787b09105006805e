/** Certificates as JSON and back. Reading trusts nothing: every form is made again by its constructor. */
import * as build from "../src/equations/build";
import type { Comparison, IndexExpr } from "../src/equations/system";
import { type ClosedForm, closed } from "../src/symbolic/closed-form";
import { printRational, rational } from "../src/symbolic/rational";
import type { Certificate, Shown } from "./check";
import type { LevelPiece } from "./obligations";
import { type AxiomName, axiomNames, type Proof, Rejected } from "./sequent";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const wrong = (what: string): never => {
  throw new Rejected(`${what} is expected`);
};
const text = (j: Json | undefined): string => (typeof j === "string" ? j : wrong("a text"));
const whole = (j: Json | undefined): number =>
  Number.isSafeInteger(j) ? (j as number) : wrong("a whole number");
const list = (j: Json | undefined): readonly Json[] =>
  Array.isArray(j) ? (j as readonly Json[]) : wrong("a list");
const record = (j: Json | undefined): { readonly [key: string]: Json } =>
  typeof j === "object" && j !== null && !Array.isArray(j)
    ? (j as { readonly [key: string]: Json })
    : wrong("a record");

// Forms: "3/2", {"size": "n"}, {"index": "i"}, ["add", …], ["sum", "k", lo, hi, body]

function formOut(f: ClosedForm): Json {
  switch (f.kind) {
    case "constant":
      return printRational(f.value);
    case "size":
      return { size: f.name };
    case "index":
      return { index: f.name };
    case "add":
      return ["add", ...f.terms.map(formOut)];
    case "mul":
      return ["mul", ...f.factors.map(formOut)];
    case "min":
    case "max":
      return [f.kind, ...f.of.map(formOut)];
    case "mod":
      return ["mod", formOut(f.of), formOut(f.by)];
    case "sum":
      return ["sum", f.index, formOut(f.lo), formOut(f.hi), formOut(f.body)];
    case "cases":
      return wrong("a form without cases");
    case "floor":
    case "log2":
    case "floor-log2":
    case "pow2":
      return [f.kind, formOut(f.of)];
  }
}

function formIn(j: Json | undefined): ClosedForm {
  if (typeof j === "string") {
    const [, numerator, denominator = "1"] = /^(-?\d{1,60})(?:\/(\d{1,60}))?$/.exec(j) ?? wrong("a number");
    return closed.constant(rational(BigInt(numerator!), BigInt(denominator)));
  }
  if (!Array.isArray(j)) {
    const named = record(j);
    return "size" in named ? closed.size(text(named.size)) : closed.index(text(named.index));
  }
  const [kind, ...rest] = j as readonly Json[];
  const given = (n: number): ClosedForm[] => (rest.length === n ? rest.map(formIn) : wrong(`${n} parts`));
  switch (kind) {
    case "add":
      return closed.add(...rest.map(formIn));
    case "mul":
      return closed.mul(...rest.map(formIn));
    case "min":
    case "max":
      return closed[kind](...rest.map(formIn));
    case "mod": {
      const [a, b] = given(2);
      return closed.mod(a!, b!);
    }
    case "floor":
      return closed.floor(given(1)[0]!);
    case "log2":
      return closed.log2(given(1)[0]!);
    case "floor-log2":
      return closed.floorLog2(given(1)[0]!);
    case "pow2": {
      const e = given(1)[0]!;
      if (e.kind === "constant" && (e.value.numerator > 1000n || e.value.numerator < -1000n))
        return wrong("a small exponent");
      return closed.pow2(e);
    }
    case "sum":
      return closed.sum(text(rest[0]), formIn(rest[1]), formIn(rest[2]), formIn(rest[3]));
    default:
      return wrong("a form");
  }
}

function indexOut(e: IndexExpr): Json {
  switch (e.kind) {
    case "integer":
      return e.value;
    case "size":
      return { size: e.name };
    case "index":
      return { index: e.name };
    case "log2":
    case "pow2":
      return [e.kind, indexOut(e.operand)];
    default:
      return [e.kind, indexOut(e.left), indexOut(e.right)];
  }
}

function indexIn(j: Json | undefined): IndexExpr {
  if (typeof j === "number") return build.integer(whole(j));
  if (!Array.isArray(j)) {
    const named = record(j);
    return "size" in named ? build.size(text(named.size)) : build.index(text(named.index));
  }
  const [kind, a, b] = j as readonly Json[];
  if (kind === "log2") return build.log2(indexIn(a));
  if (kind === "pow2") return build.pow2(indexIn(a));
  const operator =
    Object.entries(build.indexOperators).find(([name]) => name === kind)?.[1] ?? wrong("an operator");
  return operator(indexIn(a), indexIn(b));
}

const comparisons = ["==", "<", "<="] as const;
function comparisonIn(j: Json): Comparison {
  const [op, left, right] = list(j);
  const known = comparisons.find((o) => o === op) ?? wrong("a comparison");
  return { op: known, left: indexIn(left), right: indexIn(right) };
}
const comparisonOut = (c: Comparison): Json => [c.op, indexOut(c.left), indexOut(c.right)];
const pieceOut = (p: LevelPiece): Json => ({
  guard: p.guard.map(comparisonOut),
  form: formOut(p.form),
});
const pieceIn = (j: Json): LevelPiece => ({
  guard: list(record(j).guard).map(comparisonIn),
  form: formIn(record(j).form),
});

// Proofs: ["clash"], ["sum", [factor, fact, …], …], ["split", form, holds, fails], …

function proofOut(p: Proof): Json {
  switch (p.rule) {
    case "clash":
      return ["clash"];
    case "sum":
      return ["sum", ...p.of.map((t): Json => [t.by, ...t.facts])];
    case "split":
      return ["split", formOut(p.on), proofOut(p.holds), proofOut(p.fails)];
    case "residue":
      return ["residue", formOut(p.variable), p.by, p.quotient, ...p.cases.map(proofOut)];
    case "substitute":
      return ["substitute", p.fact, formOut(p.atom), proofOut(p.then)];
    case "axiom":
      return ["axiom", p.name, p.on.map(formOut), proofOut(p.then)];
    case "instance":
      return ["instance", p.term, p.piece, p.at.map(formOut), proofOut(p.then)];
  }
}

function proofIn(j: Json | undefined): Proof {
  const [rule, a, b, c, ...rest] = list(j);
  switch (rule) {
    case "clash":
      return { rule };
    case "sum": {
      const all = list(j).slice(1);
      return {
        rule,
        of: all.map((t) => {
          const [by, ...facts] = list(t);
          if (!/^-?\d+(\/[1-9]\d*)?$/.test(text(by))) wrong("a factor");
          return { by: text(by), facts: facts.map(whole) };
        }),
      };
    }
    case "split":
      return { rule, on: formIn(a), holds: proofIn(b), fails: proofIn(c) };
    case "residue":
      return { rule, variable: formIn(a), by: whole(b), quotient: text(c), cases: rest.map(proofIn) };
    case "substitute":
      return { rule, fact: whole(a), atom: formIn(b), then: proofIn(c) };
    case "axiom":
      return {
        rule,
        name: axiomNames.find((n): n is AxiomName => n === a) ?? wrong("an axiom"),
        on: list(b).map(formIn),
        then: proofIn(c),
      };
    case "instance":
      return { rule, term: whole(a), piece: whole(b), at: list(c).map(formIn), then: proofIn(rest[0]) };
    default:
      return wrong("a rule");
  }
}

// What is shown: {"levels": […]}, or {"where": ["<=", …], "holds": …, "fails": …}

function shownOut(s: Shown): Json {
  if (!("levels" in s))
    return { where: comparisonOut(s.on), holds: shownOut(s.holds), fails: shownOut(s.fails) };
  const levels = s.levels.map(({ family, claim, proofs }) => ({
    family,
    exact: claim.exact,
    stage: claim.stage,
    rank: formOut(claim.rank),
    pieces: claim.pieces.map(pieceOut),
    ...(claim.below === undefined ? {} : { below: claim.below.map(pieceOut) }),
    proofs: proofs.map(proofOut),
  }));
  return { levels };
}

function shownIn(j: Json | undefined): Shown {
  const all = record(j);
  if ("where" in all)
    return { on: comparisonIn(all.where!), holds: shownIn(all.holds), fails: shownIn(all.fails) };
  return {
    levels: list(all.levels).map((l) => {
      const level = record(l);
      if (typeof level.exact !== "boolean") wrong("true or false");
      const claim = {
        exact: level.exact === true,
        stage: whole(level.stage),
        rank: formIn(level.rank),
        pieces: list(level.pieces).map(pieceIn),
        below: level.below === undefined ? undefined : list(level.below).map(pieceIn),
      };
      for (const pieces of [claim.pieces, claim.below ?? claim.pieces])
        if (pieces.length === 0 || pieces[pieces.length - 1]!.guard.length > 0)
          wrong("a last piece without a guard");
      return { family: text(level.family), claim, proofs: list(level.proofs).map(proofIn) };
    }),
  };
}

/** A certificate as JSON that people can read too: equations a line each, forms as nested lists. */
export function printCertificate(c: Certificate): string {
  const { format, task, model, system, shown } = c;
  const all = { format, task, model, system: system.split("\n"), shown: shownOut(shown) };
  return `${JSON.stringify(all, undefined, 1)}\n`;
}

/** Throws where the text is no certificate. */
export function readCertificate(given: string): Certificate {
  const j = record(JSON.parse(given) as Json);
  const format = "fathom depth certificate 2";
  if (j.format !== format) wrong(`"${format}"`);
  const model = j.model === "steps" || j.model === "ops" ? j.model : wrong("a cost model");
  return {
    format,
    task: text(j.task),
    model,
    system: list(j.system).map(text).join("\n"),
    shown: shownIn(j.shown),
  };
}
