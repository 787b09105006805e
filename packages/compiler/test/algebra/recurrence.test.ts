import { expect, test } from "vitest";
import { findRecurrences, type Recurrence, recursiveComponents } from "../../src/algebra/recurrence";
import { printExpr, printIndex } from "../../src/equations/print";
import { systemOf } from "./systems";

const find = (text: string): readonly Recurrence[] => findRecurrences(systemOf(text));
const shown = (r: Recurrence) => ({
  families: r.families.join(" "),
  along: r.direction === 1 ? r.along : `-${r.along}`,
  lags: r.lags.join(","),
  reach: r.reach,
  within: r.within,
  length: printIndex(r.length),
  copies: r.copies.map((d) => d.index).join(","),
  state: r.state
    .map((s) => `${s.family}×${s.count === undefined ? "?" : printIndex(s.count)}×${s.depth}`)
    .join(" "),
  bits: r.live && printIndex(r.live.bits),
  words: r.live && printIndex(r.live.words),
  states: r.finiteStates,
});

test("a running sum is one word of state along its index", () => {
  const [r, ...more] = find(
    "task A(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node s[i: 0..n]: int = if i == 0 { x[0] } else { s[i-1] + x[i] }\n output t = s[n-1]\n}\n",
  );
  expect(more).toEqual([]);
  expect(shown(r!)).toEqual({
    families: "s",
    along: "i",
    lags: "1",
    reach: "lags",
    within: false,
    length: "n",
    copies: "",
    state: "s×1×1",
    bits: "0",
    words: "1",
    states: undefined,
  });
  expect(r!.inputs).toEqual(["x"]);
  expect(r!.steps!.map((s) => [s.role, printExpr(s.value)])).toEqual([
    ["start", "x[0]:int"],
    ["step", "add(s[i - 1]:int, x[i]:int)"],
  ]);
});

test("what a step carries over unchanged is a copy; what it mixes is a cell", () => {
  const text = (step: string) =>
    `task A(T: size, n: size) where n >= 3 {\n input x[i: 0..n]: bit\n node c[t: 0..=T, i: 0..n]: bit = if t == 0 { x[i] } else { ${step} }\n output o[i: 0..n] = c[T, i]\n}\n`;
  const copied = shown(find(text("not c[t-1, i]"))[0]!);
  expect([copied.copies, copied.state, copied.states, copied.length]).toEqual(["i", "c×1×1", 2, "T + 1"]);
  const mixed = shown(find(text("c[t-1, (i-1) mod n] xor c[t-1, i]"))[0]!);
  expect([mixed.copies, mixed.state, mixed.states, mixed.bits]).toEqual(["", "c×n×1", undefined, "n"]);
});

test("the order of a recurrence is its largest lag, and time may run down", () => {
  const [f] = find(
    "task F(n: size) where n >= 2 {\n input x: index(3)\n node f[i: 0..n]: index(3) = if i < 2 { x } else { (f[i-1] + f[i-2]) mod 3 }\n output o = f[n-1]\n}\n",
  );
  expect(shown(f!)).toMatchObject({ lags: "1,2", state: "f×1×2", bits: "4", states: 9 });
  const [g] = find(
    "task G(n: size) where n >= 1 {\n input x[i: 0..n]: bit\n node g[i: 0..n]: bit = if i == n - 1 { x[i] } else { g[i+1] xor x[i] }\n output o = g[0]\n}\n",
  );
  expect(shown(g!)).toMatchObject({ along: "-i", lags: "1", states: 2 });
});

test("families that feed one another are one recurrence, with reads inside the step written out", () => {
  const [r] = find(
    "task M(H: size, S: size, A: size) where S >= 1, A >= 1 {\n input w[s: 0..S, a: 0..A]: real\n node q[h: 1..=H, s: 0..S, a: 0..A]: real = w[s, a] * v[h-1, s]\n node v[h: 0..=H, s: 0..S]: real = if h == 0 { 0 } else { max[a: 0..A] q[h, s, a] }\n output o[s: 0..S] = v[H, s]\n}\n",
  );
  expect(shown(r!)).toMatchObject({ families: "q v", lags: "0,1", copies: "s", state: "v×1×1", words: "1" });
  expect(r!.steps!.map((s) => printExpr(s.value))).toEqual([
    "0:real",
    "max<a: 0..A>(mul(w[s, a]:real, v[h - 1, s]:real))",
  ]);
});

test("wavefronts, histories and data-dependent wires are told apart", () => {
  const edit =
    "task E(n: size) {\n node d[i: 0..=n, j: 0..=n]: int = if i == 0 { j } else if j == 0 { i } else { min(d[i-1, j], d[i, j-1]) + 1 }\n output o = d[n, n]\n}\n";
  expect(shown(find(edit)[0]!)).toMatchObject({
    along: "i",
    within: true,
    reach: "lags",
    state: "d×n + 1×1",
  });
  const catalan =
    "task C(n: size) where n >= 1 {\n node c[i: 0..n]: int = if i == 0 { 1 } else { sum[k: 0..i] c[k] * c[i-1-k] }\n output o = c[n-1]\n}\n";
  expect(shown(find(catalan)[0]!)).toMatchObject({ reach: "history", within: false, bits: undefined });
  const circuit =
    "task V(n: size, m: size) where n >= 1, m >= 1 {\n input x[i: 0..n]: bit\n input l[g: 0..m]: index(n + g)\n node v[k: 0..n+m]: bit = if k < n { x[k] } else { not v[l[k-n]] }\n output o = v[n+m-1]\n}\n";
  expect(shown(find(circuit)[0]!)).toMatchObject({ along: "k", reach: "wires", lags: "" });
});

test("starts: first steps only, however they are written; defaults are starts", () => {
  const starts = (body: string): unknown => {
    const [r] = find(
      `task A(n: size) where n >= 2 {\n input x[i: 0..n]: int\n node s[i: 0..n]: int = ${body}\n output o = s[n-1]\n}\n`,
    );
    return [r!.startSteps, r!.steps!.map((e) => e.role).join(" ")];
  };
  expect(starts("if i == 0 { 1 } else if i == 1 { x[1] } else { s[i-1] + s[i-2] }")).toEqual([
    2,
    "start start step",
  ]);
  expect(starts("if i < 2 { i } else { s[i-1] + s[i-2] }")).toEqual([2, "start step"]);
  expect(starts("if i == 1 { 1 } else { (s[i-1] ?? 0) + 1 }")).toEqual([1, "reset start step"]);
  expect(starts("if i < n div 2 { 1 } else { s[i-1] }")).toEqual([undefined, "start step"]);
  expect(starts("if i mod 4 == 0 { x[i] } else { s[i-1] + 1 }")).toEqual([0, "reset step"]);
  expect(starts("(s[i-1] ?? 7) * x[i]")).toEqual([1, "start step"]);
  const [r] = find(
    "task A(n: size) where n >= 2 {\n input x[i: 0..n]: int\n node s[i: 0..n]: int = max(s[i+1] ?? 3, x[i])\n output o = s[0]\n}\n",
  );
  expect(r!.steps!.map((s) => printExpr(s.value))).toEqual([
    "max(3:int, x[n - 1]:int)",
    "max(s[i + 1]:int, x[i]:int)",
  ]);
});

test("what does not depend on itself is no recurrence", () => {
  const text =
    "task S(n: size) where n >= 1 {\n input x[i: 0..n]: int\n node y[i: 0..n]: int = sum[k: 0..=i] x[k]\n output o = y[n-1]\n}\n";
  expect(recursiveComponents(systemOf(text))).toEqual([]);
  expect(find(text)).toEqual([]);
});
