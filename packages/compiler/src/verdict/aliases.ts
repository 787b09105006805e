/**
 * Nodes that are only another name of something, as the inputs and outputs of a `use` are. Laws and known problems are
 * about what is computed: reads of such a node become reads of what it names.
 */
import { indexType, read } from "../equations/build";
import { isAlways, substituteIndex } from "../equations/conditions";
import { collectIndices } from "../equations/evaluate-index";
import { readsOf, rewriteExpr } from "../equations/expressions";
import { runPasses, runPipeline } from "../equations/pass";
import type { Expr, Family, IndexExpr, Read, Subscript, System } from "../equations/system";

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
