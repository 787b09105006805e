import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ClosedForm,
  compileTask,
  evaluateClosedForm,
  type Figure,
  formsOf,
  printFigure,
  type Sizes,
  smallSizes,
  unroll,
} from "@fathom/compiler";
import { check } from "@fathom/lang";
import { describe, expect, test } from "vitest";
import { fathomFiles, type Kernel, kernelToFathom, sharedData } from "../src/index";

const own: Record<string, { text: string; width: string }> = {
  "one index of two is serial": {
    text: "task X(n: size, T: size) where n >= 1, T >= 1 {\ninput x: int\nnode a[t: 0..T, i: 0..n]: int = if i == 0 { if t == 0 { x + 1 } else { a[t-1, n-1] + 1 } } else { a[t, i-1] + 1 }\noutput y = a[T-1, n-1]\n}\n",
    width: "1",
  },
  "a triangle by its diagonals": {
    text: "task X(n: size) where n >= 1 {\ninput x: int\nnode a[i: 0..n, j: 0..=i]: int = if j == 0 { x + i } else { a[i, j-1] + x }\noutput y = a[n-1, n-1]\n}\n",
    width: "n",
  },
  "a wavefront, read as one minimum": {
    text: "task X(n: size, m: size) where n >= 1, m >= 1 {\ninput x: int\nnode a[i: 0..n, j: 0..m]: int = (a[i-1, j] ?? x) + (a[i, j-1] ?? x)\noutput y = a[n-1, m-1]\n}\n",
    width: "min(m, n)",
  },
  "slanted levels: the smaller of two counts": {
    text: "task X(n: size, T: size) where n >= 3, T >= 1 {\ninput x: int\nnode a[t: 0..T, i: 0..n]: int = (a[t, i-1] ?? x) + (a[t-1, i+1] ?? x)\noutput y = a[T-1, n-1]\n}\n",
    width: "min(n - floor(n / 2), T)",
  },
  "levels rounded down": {
    text: "task X(n: size) where n >= 1 {\ninput x: int\nnode a[i: 0..n]: int = (a[i-3] ?? x) + i\noutput y = a[n-1]\n}\n",
    width: "min(n, 3)",
  },
  "a nest whose inner length grows": {
    text: "task X(n: size) where n >= 1 {\ninput x: int\nnode a[i: 0..n, j: 0..=i]: int = if j == 0 { if i == 0 { x + 1 } else { a[i-1, i-1] + 1 } } else { a[i, j-1] + 1 }\noutput y = a[n-1, n-1]\n}\n",
    width: "1",
  },
  "layers within steps": {
    text: "task X(n: size, L: size, T: size) where n >= 1, L >= 1, T >= 1 {\ninput x: int\nnode a[t: 0..T, l: 0..L, i: 0..n]: int = (if l == 0 { if t == 0 { x } else { a[t-1, L-1, i] } } else { a[t, l-1, i] }) + i\noutput y = a[T-1, L-1, n-1]\n}\n",
    width: "n",
  },
  "rows of different pace: their widths add up": {
    text: "task X(n: size, T: size) where n >= 2, T >= 1 {\ninput x: int\nnode a[t: 0..T, i: 0..n]: int = (a[t-1, i] ?? x) + i\nnode c[t: 0..T]: int = (b[t-1] ?? x) + t\nnode b[t: 0..T]: int = c[t] + t\noutput y = a[T-1, n-1]\noutput z = b[T-1]\n}\n",
    width: "n + 1",
  },
  "turns of several stages": {
    text: `task KMeans(n: size, k: size, d: size, T: size) where n >= 1, k >= 1, d >= 1, T >= 1 {
  input x[i: 0..n, c: 0..d]: real
  input c0[j: 0..k, c: 0..d]: real
  node dist[t: 0..T, i: 0..n, j: 0..k]: real = sum[c: 0..d] (x[i, c] - m[t, j, c]) * (x[i, c] - m[t, j, c])
  node a[t: 0..T, i: 0..n]: index(k) = argmin[j: 0..k] dist[t, i, j]
  node cnt[t: 0..T, j: 0..k]: real = sum[i: 0..n] (if a[t, i] == j { 1.0 } else { 0.0 })
  node s[t: 0..T, j: 0..k, c: 0..d]: real = sum[i: 0..n] (if a[t, i] == j { x[i, c] } else { 0.0 })
  node m[t: 0..=T, j: 0..k, c: 0..d]: real = if t == 0 { c0[j, c] } else { s[t-1, j, c] / max(cnt[t-1, j], 1.0) }
  output y[j: 0..k, c: 0..d] = m[T, j, c]
}
`,
    width: "max(k*n, d*k + k)",
  },
  "strides in ops": {
    text: "task X(n: size, T: size) where n >= 1, T >= 1 {\ninput x[i: 0..n]: int\nnode a[t: 0..=T, i: 0..n]: int = if t == 0 { x[i] } else { a[t-1, i] * a[t-1, i] + 1 }\noutput y[i: 0..n] = a[T, i]\n}\n",
    width: "n",
  },
};

/** What is proved of a figure against a count of the whole graph. */
function holds(figure: Figure, counted: number, sizes: Sizes, about: string): void {
  const at = (form: ClosedForm): number => {
    const { numerator, denominator } = evaluateClosedForm(form, (n) => BigInt(sizes[n]!));
    return Number(numerator) / Number(denominator);
  };
  const { exact, upper, lower } = figure;
  const where = `${about} at ${JSON.stringify(sizes)}`;
  if (exact?.standing.kind === "proved") expect(at(exact.form), where).toBe(counted);
  if (upper !== undefined) expect(at(upper.form), where).toBeGreaterThanOrEqual(counted);
  if (lower !== undefined) expect(at(lower.form), where).toBeLessThanOrEqual(counted);
}

function agrees(path: string, text: string): void {
  const program = check(path, text);
  for (const task of program.tasks) {
    const { system } = compileTask(program, task);
    const forms = formsOf(system);
    for (const sizes of smallSizes(system, 9, 30))
      for (const model of ["steps", "ops"] as const) {
        const unrolled = unroll(system, sizes, { model, limit: 20_000 });
        if (!unrolled.ok) continue;
        const about = `${path} ${system.name} ${model}`;
        holds(forms[model].depth, unrolled.result.depth, sizes, `depth of ${about}`);
        holds(forms[model].width, unrolled.result.width, sizes, `width of ${about}`);
        for (const f of forms[model].families)
          holds(f.level, unrolled.result.families.get(f.name)!.maxLevel, sizes, `${f.name} of ${about}`);
      }
  }
}

describe("what is proved of width and of the largest levels", () => {
  test.each(Object.entries(own))("%s", (name, { text, width }) => {
    agrees(name, text);
    const program = check(name, text);
    const forms = formsOf(compileTask(program, program.tasks[0]!).system);
    for (const model of ["steps", "ops"] as const)
      expect(printFigure(forms[model].width)).toBe(`${width} (proved)`);
  });

  test.each(
    [...fathomFiles("examples"), ...fathomFiles("corpus/depth")].map((f) => [f.path, f.text] as const),
  )("%s holds at every small size", (path, text) => agrees(path, text), 60_000);
});

const folder = sharedData("span");
describe.skipIf(folder === undefined)("systems of recurrences", () => {
  const kernels: Kernel[] =
    folder === undefined ? [] : JSON.parse(readFileSync(join(folder, "kernels.json"), "utf8")).kernels;

  test("most widths are exact, and all hold", () => {
    let exact = 0;
    for (const k of kernels) {
      const text = kernelToFathom(k);
      agrees(k.id, text);
      const program = check(k.id, text);
      const forms = formsOf(compileTask(program, program.tasks[0]!).system);
      for (const m of ["steps", "ops"] as const)
        if (forms[m].width.exact?.standing.kind === "proved") exact++;
    }
    expect(exact).toBeGreaterThanOrEqual(79);
  }, 90_000);
});
