/**
 * Systems of recurrences in a neutral notation as Fathom text. Each map instance becomes exactly one operation in both
 * cost models: a table over all it reads, or `not one` where it reads nothing; a fold becomes `any`.
 */

interface KernelRead {
  readonly of: string;
  readonly at: readonly string[];
  readonly when?: string;
  readonly for?: readonly (readonly [string, string, string])[];
}

interface KernelEquation {
  readonly name: string;
  readonly idx: readonly (readonly [string, string, string])[];
  readonly op: "map" | "fold";
  readonly cost?: string;
  readonly reads?: readonly KernelRead[];
}

export interface Kernel {
  readonly id: string;
  readonly params: readonly string[];
  readonly assume: readonly string[];
  readonly inputs?: readonly string[];
  readonly equations: readonly KernelEquation[];
  readonly samples: readonly {
    readonly p: readonly number[];
    readonly U: number;
    readonly B?: number;
    readonly work: number;
  }[];
}

/** Arguments of a call that starts at `open`, and where it ends. */
function callArguments(text: string, open: number): { readonly args: string[]; readonly end: number } {
  const args: string[] = [];
  let depth = 0;
  let from = open + 1;
  for (let k = open; k < text.length; k++) {
    const c = text[k];
    if (c === "(") depth++;
    if (c === ")") depth--;
    if ((c === "," && depth === 1) || (c === ")" && depth === 0)) {
      args.push(text.slice(from, k));
      from = k + 1;
    }
    if (depth === 0) return { args, end: k + 1 };
  }
  throw new Error(`unbalanced: ${text}`);
}

/** The kernels' arithmetic in Fathom's words. */
function translate(text: string): string {
  const call = /\b(fdiv|mod|clog2|flog2|pow2)\(/.exec(text);
  if (call === null) {
    return text
      .replaceAll("&&", " and ")
      .replaceAll("||", " or ")
      .replace(/\bin\b/g, "in_");
  }
  const open = call.index + call[1]!.length;
  const { args, end } = callArguments(text, open);
  const [a = "", b = ""] = args.map((x) => translate(x.trim()));
  const made: Record<string, string> = {
    fdiv: `((${a}) div (${b}))`,
    mod: `((${a}) mod (${b}))`,
    clog2: `log2(${a})`,
    // floor(log2 x) = ceil(log2 (x + 1)) - 1
    flog2: `(log2((${a}) + 1) - 1)`,
    pow2: `2^(${a})`,
  };
  return translate(text.slice(0, call.index)) + made[call[1]!]! + translate(text.slice(end));
}

const binders = (idx: readonly (readonly [string, string, string])[]): string =>
  idx.length === 0
    ? ""
    : `[${idx.map(([v, lo, hi]) => `${v}: ${translate(lo)}..${translate(hi)}`).join(", ")}]`;

/** A whole task. Inputs are boxes large enough for everything that reads them. */
export function kernelToFathom(kernel: Kernel): string {
  const ranks = new Map<string, number>();
  for (const e of kernel.equations)
    for (const r of e.reads ?? []) if (kernel.inputs?.includes(r.of)) ranks.set(r.of, r.at.length);
  const bound = `${kernel.params.map((p) => `2 * ${p}`).join(" + ")} + 2^(${kernel.params.includes("L") ? "L" : "0"}) + 4`;
  const lines: string[] = ["  input one: bit"];
  for (const [name, rank] of ranks) {
    const dims = Array.from({ length: rank }, (_, k) => `q${k}: 0..${bound}`);
    lines.push(`  input ${name}${rank === 0 ? "" : `[${dims.join(", ")}]`}: bit`);
  }
  let wires = 0;
  for (const e of kernel.equations) {
    const reads = e.reads ?? [];
    // A quantified read is a wire chosen by data among all its points.
    const dynamic: string[] = [];
    const value = (r: KernelRead): string => {
      const quantified = r.for ?? [];
      if (quantified.length === 0) return `${r.of}[${r.at.map(translate).join(", ")}]`;
      const at = r.at.map((a) => {
        const q = quantified.find(([v]) => v === a);
        if (q === undefined) return translate(a);
        const wire = `wire${wires++}`;
        dynamic.push(`  input ${wire}${binders(e.idx)}: index(max(1, ${translate(q[2])}))`);
        return `${wire}${e.idx.length === 0 ? "" : `[${e.idx.map(([v]) => v).join(", ")}]`}`;
      });
      return `${r.of}[${at.join(", ")}]`;
    };
    let body: string;
    if (e.op === "fold") {
      const plain = reads.filter((r) => r.for === undefined);
      const folded = reads.find((r) => r.for !== undefined)!;
      const [v, lo, hi] = folded.for![0]!;
      const read = `${folded.of}[${folded.at.map(translate).join(", ")}]`;
      // Single operands join the range after its end.
      const extra = plain.map((r, k) => `if ${v} == ${translate(hi)} + ${k} { ${value(r)} } else `).join("");
      const element = plain.length === 0 ? read : `(${extra}{ ${read} })`;
      body = `any[${v}: ${translate(lo)}..${translate(hi)} + ${plain.length}] ${element}`;
    } else {
      // One table for each combination of conditions that hold.
      const guarded = reads.map((r) => ({ r, when: r.when === undefined ? undefined : translate(r.when) }));
      const conditions = [...new Set(guarded.flatMap((g) => (g.when === undefined ? [] : [g.when])))];
      const build = (k: number, held: ReadonlySet<string>): string => {
        const condition = conditions[k];
        if (condition !== undefined) {
          return `if ${condition} { ${build(k + 1, new Set([...held, condition]))} } else { ${build(k + 1, held)} }`;
        }
        const present = guarded
          .filter((g) => g.when === undefined || held.has(g.when))
          .map((g) => value(g.r));
        // Choosing by data is the one operation; what else is read is an input or among what is chosen from.
        const chosen = guarded.find(
          (g) => g.r.for !== undefined && (g.when === undefined || held.has(g.when)),
        );
        if (chosen !== undefined) return value(chosen.r);
        if (present.length === 0) return "not one";
        return `table(${present.join(", ")}) "${"01".repeat(2 ** (present.length - 1))}"`;
      };
      const gate = build(0, new Set());
      const quantified = reads.find((r) => r.for !== undefined);
      const empty =
        quantified === undefined
          ? undefined
          : `${translate(quantified.for![0]![1])} < ${translate(quantified.for![0]![2])}`;
      const guardedGate = empty === undefined ? gate : `if ${empty} { ${gate} } else { not one }`;
      const cost =
        e.cost === undefined
          ? undefined
          : (/^iff\((.*),1,0\)$/.exec(e.cost)?.[1] ?? `not (${/^iff\((.*),0,1\)$/.exec(e.cost)![1]!})`);
      const first = reads[0];
      const wire = first === undefined ? "one" : value(first);
      const wired = first?.when === undefined ? wire : `if ${translate(first.when)} { ${wire} } else { one }`;
      body = cost === undefined ? guardedGate : `if ${translate(cost)} { ${guardedGate} } else { ${wired} }`;
    }
    lines.push(...dynamic, `  node ${e.name}${binders(e.idx)}: bit = ${body}`);
  }
  const where = kernel.assume.map(translate).join(", ");
  return `task Kernel(${kernel.params.map((p) => `${p}: size`).join(", ")})${where === "" ? "" : ` where ${where}`} {\n${lines.join("\n")}\n}\n`;
}
