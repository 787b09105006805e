import { check } from "@fathom/lang";
import { expect, test } from "vitest";
import { verifyCertificate } from "../../certificate-checker/check";
import { printCertificate } from "../../certificate-checker/json";
import { compileTask } from "../../src/checks/compile";
import { type DepthProof, proveDepth } from "../../src/depth/prove";
import type { CostModel } from "../../src/equations/cost";
import type { System } from "../../src/equations/system";
import { printClosedForm } from "../../src/symbolic/closed-form";
import { effort } from "../../src/symbolic/effort";
import { provedForm } from "../../src/symbolic/standing";

const layer = `task Layer(n: size, d: size) where n >= 1, d >= 1 {
  input h[i: 0..n, c: 0..d]: real
  param w[c: 0..d, e: 0..d]: real
  node q[i: 0..n, c: 0..d]: real = sum[e: 0..d] w[c, e] * h[i, e]
  node k[i: 0..n, c: 0..d]: real = sum[e: 0..d] w[e, c] * h[i, e]
  node s[i: 0..n, j: 0..n]: real = exp(sum[c: 0..d] q[i, c] * k[j, c])
  node z[i: 0..n]: real = sum[j: 0..n] s[i, j]
  node a[i: 0..n, c: 0..d]: real = (sum[j: 0..n] s[i, j] * k[j, c]) / z[i]
  output y[i: 0..n, c: 0..d] = tanh(a[i, c]) + h[i, c]
}
`;
const system = (text: string): System => {
  const program = check("layers.fathom", layer + text);
  expect(program.diagnostics).toEqual([]);
  return compileTask(program, program.tasks[program.tasks.length - 1]!).system;
};
/** Layers one after another, each a `use` of its own. */
const written = (layers: number): System =>
  system(`task Written${layers}(n: size, d: size) where n >= 1, d >= 1 {
  input x[i: 0..n, c: 0..d]: real
  param w[c: 0..d, e: 0..d]: real
${Array.from({ length: layers }, (_, k) => `  use Layer(n, d) with { h[i, c] = ${k === 0 ? "x" : `l${k - 1}.y`}[i, c] w[c, e] = w[c, e] } as l${k}`).join("\n")}
  output out[i: 0..n, c: 0..d] = l${layers - 1}.y[i, c]
}`);
/** One `use` under an index. */
const indexed = (layers: string, sizes = ""): System =>
  system(`task Indexed${layers}(n: size, d: size${sizes}) where n >= 1, d >= 1 {
  input x[i: 0..n, c: 0..d]: real
  param w[c: 0..d, e: 0..d]: real
  node st[l: 0..=${layers}, i: 0..n, c: 0..d]: real = if l == 0 { x[i, c] } else { ly[l-1].y[i, c] }
  use Layer(n, d)[l: 0..${layers}] with { h[i, c] = st[l, i, c] w[c, e] = w[c, e] } as ly
  output out[i: 0..n, c: 0..d] = st[${layers}, i, c]
}`);

function prove(s: System, model: CostModel): { readonly proof: DepthProof; readonly cost: number } {
  const before = effort.spent;
  const proof = proveDepth(s, model);
  return { proof, cost: effort.spent - before };
}
const depthOf = (proof: DepthProof): string => {
  const form = provedForm(proof.depth);
  return form === undefined ? "not proved" : printClosedForm(form);
};

test("layers that are alike are proved once: each of fifty costs less than each of two", () => {
  for (const model of ["steps", "ops"] as const) {
    const [two, fifty] = [prove(written(2), model), prove(written(50), model)];
    expect(depthOf(two.proof)).toBe(model === "steps" ? "2*min(n - 1, 1) + 8" : "4*log2(d) + 2*log2(n) + 14");
    expect(depthOf(fifty.proof)).toBe(
      model === "steps" ? "50*min(n - 1, 1) + 200" : "100*log2(d) + 50*log2(n) + 350",
    );
    expect(fifty.cost / 50).toBeLessThan(two.cost / 2);
    const verdict = verifyCertificate(printCertificate(fifty.proof.certificate!), written(50));
    expect(verdict).toMatchObject({ ok: true, exact: true, model });
  }
});

test("layers under an index cost the same, however many", () => {
  const [two, fifty, any] = [
    prove(indexed("2"), "ops"),
    prove(indexed("50"), "ops"),
    prove(indexed("L", ", L: size"), "ops"),
  ];
  expect(depthOf(two.proof)).toBe("4*log2(d) + 2*log2(n) + 14");
  expect(depthOf(fifty.proof)).toBe("100*log2(d) + 50*log2(n) + 350");
  expect(depthOf(any.proof)).toBe("2*L*log2(d) + L*log2(n) + 7*L");
  expect(fifty.cost).toBeLessThan(1.5 * two.cost);
  expect(any.cost).toBeLessThan(3 * two.cost);
});

test("what is not alike is not taken for it: layers that read further back, or cost more", () => {
  const mixed = system(`task Mixed(n: size, d: size) where n >= 1, d >= 1 {
  input x[i: 0..n, c: 0..d]: real
  param w[c: 0..d, e: 0..d]: real
  use Layer(n, d) with { h[i, c] = x[i, c] w[c, e] = w[c, e] } as first
  use Layer(n, d) with { h[i, c] = tanh(first.y[i, c]) w[c, e] = w[c, e] } as second
  use Layer(n, d) with { h[i, c] = first.y[i, c] w[c, e] = w[c, e] } as third
  use Layer(n, d) with { h[i, c] = second.y[i, c] w[c, e] = tanh(third.y[0, 0]) } as last
  output out[i: 0..n, c: 0..d] = last.y[i, c]
}`);
  expect(depthOf(prove(mixed, "steps").proof)).toBe("3*min(n - 1, 1) + 13");
});
