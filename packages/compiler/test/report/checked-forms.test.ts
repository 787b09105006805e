/** A form that is only checked must still hold far from the sizes it was fitted to: a logarithm is not the least of some lines. */
import { expect, test } from "vitest";
import { rewrittenReports } from "../../src/report/rewritten";
import { evaluateClosedForm, printClosedForm } from "../../src/symbolic/closed-form";
import { unroll } from "../../src/unroll/unroll";
import { systemOf } from "../algebra/systems";

const ONLINE = `task Online(n: size, d: size) where n >= 1, d >= 1 {
  input q[i: 0..d]: real
  input k[p: 0..n, i: 0..d]: real
  input v[p: 0..n, i: 0..d]: real
  node s[p: 0..n]: real = sum[i: 0..d] q[i] * k[p, i]
  node m[p: 0..n]: real = if p == 0 { s[0] } else { max(m[p-1], s[p]) }
  node z[p: 0..n]: real = if p == 0 { 1.0 } else { z[p-1] * exp(m[p-1] - m[p]) + exp(s[p] - m[p]) }
  node a[p: 0..n, i: 0..d]: real =
    if p == 0 { v[0, i] } else { a[p-1, i] * exp(m[p-1] - m[p]) + exp(s[p] - m[p]) * v[p, i] }
  output y[i: 0..d] = a[n-1, i] / z[n-1]
}`;

test("depths of rewritings that no proof settles", () => {
  const sizes = { n: 300, d: 2 };
  const reports = rewrittenReports(systemOf(ONLINE), sizes);
  expect(reports.length).toBeGreaterThan(1);
  let forms = 0;
  for (const r of reports)
    for (const model of ["steps", "ops"] as const) {
      const form = r[model].depth.exact?.form;
      if (form === undefined) continue;
      forms++;
      const counted = unroll(r.system, sizes, { model, limit: 1_000_000 });
      const depth = counted.ok ? counted.result.depth : undefined;
      expect(
        Number(evaluateClosedForm(form, (n) => BigInt(sizes[n as "n" | "d"])).numerator),
        printClosedForm(form),
      ).toBe(depth);
    }
  expect(forms).toBeGreaterThan(0);
});
