/**
 * Nodes that are only another name of something, as the inputs and outputs of a `use` are. Laws and known problems are
 * about what is computed: reads of such a node become reads of what it names.
 */
import { atPoint, recursiveComponents } from "../algebra/recurrence";
import { indexType, read } from "../equations/build";
import { isAlways, substituteIndex } from "../equations/conditions";
import { collectIndices } from "../equations/evaluate-index";
import { boundIndices, readsOf, rewriteExpr, sizeOf } from "../equations/expressions";
import { runPasses, runPipeline } from "../equations/pass";
import type { Expr, Family, IndexExpr, Read, Subscript, System } from "../equations/system";
import { guardedReads } from "../symbolic/reads";

/** The same outputs without aliases, and without what nothing needs any more. */
export function withoutAliases(system: System): System {
  const aliases = new Map(
    system.families.flatMap((f): [string, { readonly family: Family; readonly of: Read }][] => {
      const of = f.pieces[0]?.value;
      const alias =
        f.role === "node" &&
        f.pieces.length === 1 &&
        isAlways(f.pieces[0]!.guard) &&
        of?.kind === "read" &&
        of.at.every((s) => s.kind === "static");
      return alias ? [[f.name, { family: f, of }]] : [];
    }),
  );
  if (aliases.size === 0) return system;
  const go = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      const alias = x.kind === "read" ? aliases.get(x.family) : undefined;
      const named = alias && nameOf(alias, x as Read, go);
      return named && go(named);
    });
  const families = system.families.map((f) =>
    f.pieces.some((p) => readsOf(p.value).some((r) => aliases.has(r.family)))
      ? { ...f, pieces: f.pieces.map((p) => ({ ...p, value: go(p.value) })) }
      : f,
  );
  return runPipeline(runPasses(new Set()), { ...system, families }, { verify: false });
}

/** What a read of an alias reads; undefined where data choose an instance whose place is not simply carried over. */
function nameOf(
  { family, of }: { readonly family: Family; readonly of: Read },
  reader: Read,
  go: (e: Expr) => Expr,
): Read | undefined {
  const by = new Map<string, IndexExpr>();
  const chosen = new Map<string, Subscript & { kind: "dynamic" }>();
  reader.at.forEach((s, k) => {
    const { index } = family.dims[k]!;
    if (s.kind === "static") by.set(index, s.value);
    else chosen.set(index, { ...s, value: go(s.value) });
  });
  const at: Subscript[] = [];
  for (const s of of.at) {
    const { value } = s as Subscript & { kind: "static" };
    const whole = value.kind === "index" ? chosen.get(value.name) : undefined;
    const names = new Set<string>();
    collectIndices(value, names);
    if (whole === undefined && [...names].some((n) => chosen.has(n))) return undefined;
    at.push(whole ?? { kind: "static", value: substituteIndex(value, by) });
  }
  const type =
    of.type.kind !== "index"
      ? of.type
      : chosen.size > 0
        ? reader.type
        : indexType(substituteIndex(of.type.bound, by));
  return read(of.family, at, type, reader.origin);
}

/** Written in place, the parts of a step may not be larger than this in all. */
const PART = 200;

/**
 * Parts of a recursive component that do not read themselves are written in place: a step that is spread over several families is
 * one step, and a gate that stands in a `use` of its own is one node of the circuit. The widest first: what is left passes from step to step.
 */
export function withParts(system: System): System {
  const assumed = new Set(system.assumptions?.map((a) => a.family));
  const reads = guardedReads(system);
  for (const component of recursiveComponents(system, reads)) {
    if (component.length === 1) continue;
    const parts = component.map((name) => system.families.find((f) => f.name === name)!);
    for (const part of parts.sort((a, b) => b.dims.length - a.dims.length)) {
      const { name } = part;
      const uses = new Set(reads.filter((r) => r.source === part).map((r) => r.read));
      const own = part.pieces.some((p) => readsOf(p.value).some((r) => r.family === name));
      const size = part.pieces.reduce((n, p) => n + sizeOf(p.value), 0) * uses.size;
      const placed = [...uses].every((r) => r.at.every((s) => s.kind === "static"));
      if (part.role === "node" && !own && placed && size <= PART && !assumed.has(name))
        return withParts(inPlace(system, part));
    }
  }
  return system;
}

function inPlace(system: System, part: Family): System {
  const families = system.families.map((f): Family => {
    const taken = new Set([
      ...f.dims.map((d) => d.index),
      ...f.pieces.flatMap((p) => [...boundIndices(p.value)]),
    ]);
    const go = (e: Expr): Expr =>
      rewriteExpr(e, (x) =>
        x.kind === "read" && x.family === part.name ? atPoint(part, x, taken) : undefined,
      );
    return f.pieces.some((p) => readsOf(p.value).some((r) => r.family === part.name))
      ? { ...f, pieces: f.pieces.map((p) => ({ ...p, value: go(p.value) })) }
      : f;
  });
  return runPipeline(runPasses(new Set()), { ...system, families }, { verify: false });
}
