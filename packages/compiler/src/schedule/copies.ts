import * as build from "../equations/build";
import { rewriteExpr } from "../equations/expressions";
import type { Expr, System } from "../equations/system";
import { staticAt } from "./scan-shape";

/** Nodes that are another family, place by place: what reads them reads that one. */
export function withoutCopies(system: System, keep: ReadonlySet<string>): System {
  const source = new Map<string, string>();
  for (const f of system.families) {
    const [only] = f.pieces;
    if (f.role !== "node" || keep.has(f.name) || f.pieces.length !== 1 || only!.guard !== build.always)
      continue;
    const { value } = only!;
    if (value.kind !== "read") continue;
    const other = system.families.find((x) => x.name === value.family)!;
    const same =
      value.at.length === f.dims.length &&
      f.dims.every((d, k) => staticAt(value, k) === build.index(d.index));
    const within = f.dims.every((d, k) => d.lo === other.dims[k]?.lo && d.hi === other.dims[k]?.hi);
    if (same && within && build.typeKey(f.type) === build.typeKey(other.type)) source.set(f.name, other.name);
  }
  if (source.size === 0) return system;
  const visit = (e: Expr): Expr =>
    rewriteExpr(e, (x) => {
      if (x.kind !== "read" || !source.has(x.family)) return undefined;
      let name = x.family;
      for (let next = source.get(name); next !== undefined; next = source.get(name)) name = next;
      const at = x.at.map((s) => (s.kind === "static" ? s : { ...s, value: visit(s.value) }));
      return build.read(name, at, x.type, x.origin);
    });
  return {
    ...system,
    families: system.families
      .filter((f) => !source.has(f.name))
      .map((f) => ({ ...f, pieces: f.pieces.map((p) => ({ ...p, value: visit(p.value) })) })),
  };
}
