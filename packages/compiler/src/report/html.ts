/**
 * The report as one page: no script, no network, light and dark. Pictures are SVG that the caller drew; everything else is
 * made here, and every text of users is escaped.
 */

import { explainClass, printClass } from "../classes/classes";
import { verdictText } from "../classes/verdict";
import { printInstance } from "../equations/print";
import { printGrowth } from "../symbolic/growth";
import {
  type Derivation,
  type Figure,
  printStanding,
  type ShownPart,
  type Standing,
  shownParts,
} from "../symbolic/standing";
import type { ModelReport, Report } from "./analyze";
import { sizesText, wholeOrRounded } from "./numbers";
import { PAGE_STYLE } from "./page-style";
import { comparedRows, type RewrittenReport, worthOf } from "./rewritten";

/** An SVG document and what it shows, for those who do not see it. */
export interface Picture {
  readonly svg: string;
  readonly caption: string;
}

export interface PageParts {
  /** The file, as the user named it. */
  readonly source: string;
  /** The task's documentation comment. */
  readonly about?: string | undefined;
  readonly graph?: Picture | undefined;
  readonly curves: readonly Picture[];
  /** Shallower forms that a law gives. */
  readonly rewritten?: readonly RewrittenReport[] | undefined;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => escapes[c]!);

/** The report as one page without scripts: nothing in it is fetched, and text of users is escaped. */
export function reportHtml(report: Report, parts: PageParts): string {
  const { task, judgement } = report;
  const at = sizesText(report.sizes);
  const title = escapeHtml(task);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${title} · Fathom</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<p class="source">${escapeHtml(parts.source)}</p>
<h1>${title}</h1>
${parts.about === undefined ? "" : `<p class="about">${escapeHtml(parts.about)}</p>`}
${lead(report)}
</header>
<main>
${figuresSection(report, at)}
${expectSection(report)}
${section(
  "verdict",
  "Class and verdict",
  `<p class="says"><span class="verdict ${judgement.verdict}">${escapeHtml(verdictText[judgement.verdict])}</span> ${escapeHtml(judgement.says)}</p>
${
  judgement.bound === undefined
    ? ""
    : `<p>In <b>${printClass(judgement.bound.class)}</b> (${escapeHtml(explainClass(judgement.bound.class))}), by ${escapeHtml(judgement.bound.because)} <span class="entry">[${escapeHtml(judgement.bound.entry)}]</span> ${badge(judgement.bound.standing)}</p>`
}
${judgement.resisted.map((r) => `<p class="note"><b>What resisted:</b> ${escapeHtml(r.families.join(", "))} — ${escapeHtml(r.why)}${r.helps === undefined ? "" : ` <b>Would help:</b> ${escapeHtml(r.helps)}`}</p>`).join("\n")}
${
  judgement.notClaimed.length === 0
    ? ""
    : `<details class="plain"><summary>What is not claimed</summary><ul>${judgement.notClaimed.map((n) => `<li>${escapeHtml(n.text)} <span class="entry">[${escapeHtml(n.entry)}]</span></li>`).join("")}</ul></details>`
}`,
)}
${rewrittenSection(report, parts.rewritten ?? [])}
${section(
  "why",
  "Why",
  `<p class="hint">Each line is a step of the argument; open it to see what it rests on.</p>
<div class="tree">${[report.steps.derivation, report.ops.derivation, judgement.derivation].map((d) => tree(d, 0)).join("\n")}</div>`,
)}
${parts.graph === undefined ? "" : section("graph", "A small instance", `<p class="legend"><span class="key given"></span>given <span class="key node"></span>computed <span class="key out"></span>output <span class="key critical"></span>critical path</p>${figure(parts.graph, "wide")}`)}
${parts.curves.length === 0 ? "" : section("curves", "Against size", `<div class="charts">${parts.curves.map((c) => figure(c, "chart")).join("\n")}</div>`)}
${pathSection(report)}
${familiesSection(report)}
</main>
<footer>
<p><b>Standing.</b> ${badgeText("proved", "✓ proved")} for every size that the task's <code>where</code> allows. ${badgeText("checked", "◐ checked")} at the sizes named: right there, no proof beyond. ≤ and ≥ are bounds, not values. <code>steps</code>: an equation is one gate of unbounded fan-in. <code>ops</code>: every scalar operation counts, a reduction of k operands is ceil(log2 k) deep.</p>
<p>Made by <code>fathom analyze --html</code>.</p>
</footer>
</body>
</html>
`;
}

const section = (id: string, title: string, body: string): string =>
  `<section id="${id}" aria-labelledby="${id}-title">\n<h2 id="${id}-title">${title}</h2>\n${body}\n</section>`;

/** As written and rewritten, side by side. */
function rewrittenSection(report: Report, rewritten: readonly RewrittenReport[]): string {
  if (rewritten.length === 0) return "";
  const cell = (part: ShownPart | undefined): string =>
    part === undefined
      ? "not known"
      : `${part.relation === "=" ? "" : `${part.relation} `}${formHtml(part.form)} ${badge(part.standing)}`;
  const tables = rewritten.map((r) => {
    const laws = r.applied.map(
      (a) =>
        `<code>${escapeHtml(a.families.join(", "))}</code> as ${escapeHtml(a.name)} <span class="entry">[${escapeHtml(a.law)}]</span>`,
    );
    const rows = comparedRows(report, r).map(
      ({ model, counted, written, rewritten: after, says }) =>
        `<tr><th scope="row">${model}</th><td>${cell(written)}</td><td>${cell(after)}</td><td class="number">${counted.depth.join(" → ")}</td><td class="number">${counted.work.join(" → ")}</td><td>${escapeHtml(says)}</td></tr>`,
    );
    return `<p>${laws.join("; ")}: ${escapeHtml(worthOf(r))}.</p>
<div class="scroll"><table><thead><tr><th scope="col">model</th><th scope="col">depth as written</th><th scope="col">depth rewritten</th><th scope="col" class="number">depth counted</th><th scope="col" class="number">work counted</th><th scope="col"></th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
  });
  return section(
    "rewritten",
    "As written and rewritten",
    `<p class="hint"><code>fathom rewrite</code> prints the program.</p>\n${tables.join("\n")}`,
  );
}

// The three numbers at the top

function lead(report: Report): string {
  const tile = (label: string, f: Figure, growth: string): string => {
    const parts = shownParts(f);
    const part = parts.find((p) => p.relation === "=") ?? parts[0];
    if (part === undefined) return `<div class="tile"><dt>${label}</dt><dd>unknown</dd></div>`;
    const relation = part.relation === "=" ? "" : `${part.relation} `;
    return `<div class="tile"><dt>${label}</dt><dd><span class="big">${relation}${formHtml(part.form)}</span><span class="under">${badge(part.standing)} ${growth}</span></dd></div>`;
  };
  const theta = (g: ModelReport["growth"]["depth"]): string =>
    g === undefined ? "" : `<span class="theta">${formHtml(printGrowth(g))}</span>`;
  const { steps } = report;
  return `<dl class="tiles">
${tile("serial depth", steps.depth, theta(steps.growth.depth))}
${tile("work", steps.work, theta(steps.growth.work))}
${tile("width", steps.width, theta(steps.growth.width))}
</dl>`;
}

// Tables

function figuresSection(report: Report, at: string): string {
  const counted = at === "" ? "counted" : `at ${escapeHtml(at)}`;
  const rows = (r: ModelReport): string =>
    (["depth", "work", "width"] as const)
      .map((name) => {
        const parts = shownParts(r[name]);
        const growth = r.growth[name];
        const cells =
          parts.length === 0
            ? `<td colspan="2" class="why">${escapeHtml(r[name].why ?? "unknown")}</td>`
            : `<td>${parts.map((p) => `<div class="part">${p.relation === "=" && parts.length === 1 ? "" : `<span class="relation">${p.relation}</span> `}${formHtml(p.form)}</div>`).join("")}</td><td>${parts.map((p) => `<div class="part">${badge(p.standing, p.note)}</div>`).join("")}${r[name].why === undefined || (parts[0]?.standing.kind === "proved" && parts[0].relation === "=") ? "" : `<div class="why">${escapeHtml(r[name].why)}</div>`}</td>`;
        return `<tr><th scope="row">${name}</th>${cells}<td>${growth === undefined ? "" : formHtml(printGrowth(growth))}</td><td class="number">${wholeOrRounded(r.at[name])}</td></tr>`;
      })
      .join("\n");
  const table = (name: string, about: string, r: ModelReport): string =>
    `<div class="scroll"><table>
<caption><b>${name}</b> ${about}</caption>
<thead><tr><th scope="col">figure</th><th scope="col">for all sizes</th><th scope="col">standing</th><th scope="col">growth</th><th scope="col" class="number">${counted}</th></tr></thead>
<tbody>
${rows(r)}
<tr><th scope="row">parallelism</th><td colspan="3" class="muted">work / depth${r.at.standing === "worst case" ? ", worst case over inputs" : ""}</td><td class="number">${wholeOrRounded(r.at.parallelism)}</td></tr>
</tbody></table></div>`;
  return section(
    "figures",
    "Figures",
    `${table("steps", "unbounded fan-in: an equation is one gate", report.steps)}
${table("ops", "bounded fan-in: every scalar operation counts", report.ops)}`,
  );
}

function expectSection(report: Report): string {
  if (report.expects.length === 0) return "";
  const marks = { proved: "✓", tested: "✓", claimed: "✓", refuted: "✗", undecided: "?" } as const;
  return section(
    "expect",
    "Expected",
    `<ul class="expects">${report.expects
      .map(
        (e) =>
          `<li class="${e.outcome}"><span class="mark" aria-hidden="true">${marks[e.outcome]}</span> <code>${escapeHtml(e.text)}</code> <b>${e.outcome}</b> <span class="muted">${escapeHtml(e.detail)}</span></li>`,
      )
      .join("")}</ul>`,
  );
}

function familiesSection(report: Report): string {
  const forms = new Map(report.steps.families.map((f) => [f.name, f]));
  const ops = new Map(report.ops.families.map((f) => [f.name, f]));
  const cell = (f: Figure | undefined): string =>
    f === undefined
      ? '<span class="muted">given</span>'
      : shownParts(f)
          .map(
            (p) =>
              `<div class="part">${p.relation === "=" ? "" : `${p.relation} `}${formHtml(p.form)} ${dot(p.standing)}</div>`,
          )
          .join("");
  return section(
    "families",
    "Families",
    `<div class="scroll"><table><caption>The largest level of each family, and its work</caption>
<thead><tr><th scope="col">family</th><th scope="col">role</th><th scope="col">level, steps</th><th scope="col">level, ops</th><th scope="col">work, steps</th><th scope="col">work, ops</th></tr></thead>
<tbody>${report.steps.at.families
      .map(
        (f) =>
          `<tr><th scope="row"><code>${escapeHtml(f.name)}</code></th><td class="muted">${f.role}</td><td>${cell(forms.get(f.name)?.level)}</td><td>${cell(ops.get(f.name)?.level)}</td><td>${cell(forms.get(f.name)?.work)}</td><td>${cell(ops.get(f.name)?.work)}</td></tr>`,
      )
      .join("\n")}</tbody></table></div>`,
  );
}

function pathSection(report: Report): string {
  const { instances, omitted } = report.criticalPath;
  const many = instances.length > 16;
  const shown = many ? [...instances.slice(0, 8), undefined, ...instances.slice(-8)] : instances;
  const step = (i: (typeof shown)[number]): string =>
    i === undefined
      ? `<li class="gap">… ${wholeOrRounded(instances.length + omitted - 16)} more …</li>`
      : `<li><span class="level">${i.level}</span><code>${escapeHtml(printInstance(i.family, i.indices))}</code></li>`;
  if (instances.length === 0) return "";
  const at = sizesText(report.sizes);
  return section(
    "path",
    "Critical path",
    `<p class="hint">In steps${at === "" ? "" : `, at ${escapeHtml(at)}`}: each instance reads the one before it; the number is its level.</p>
<ol class="path">${shown.map(step).join("")}</ol>`,
  );
}

// The tree of reasons

function tree(d: Derivation, depth: number): string {
  const head = `<span class="claim">${escapeHtml(d.claim)}</span> ${badge(d.standing)} <span class="rule">${escapeHtml(d.rule)}</span>`;
  const detail = d.detail === undefined ? "" : `<p class="detail">${escapeHtml(d.detail)}</p>`;
  if (d.premises.length === 0 && detail === "") return `<div class="leaf">${head}</div>`;
  return `<details${depth < 1 ? " open" : ""}><summary>${head}</summary>${detail}${d.premises.map((p) => tree(p, depth + 1)).join("\n")}</details>`;
}

// Small parts

const signs: Readonly<Record<Standing["kind"], string>> = {
  proved: "✓",
  checked: "◐",
  assumed: "⊢",
  cited: "❝",
  claimed: "✎",
};
const badge = (standing: Standing, note = printStanding(standing)): string => {
  const short = standing.kind === "checked" || note.length > 60 ? `${standing.kind}` : note;
  return `<span class="badge ${standing.kind}" title="${escapeHtml(note)}"><span aria-hidden="true">${signs[standing.kind]}</span> ${escapeHtml(short)}</span>`;
};
const badgeText = (kind: Standing["kind"], text: string): string =>
  `<span class="badge ${kind}">${text}</span>`;
const dot = (standing: Standing): string =>
  `<span class="dot ${standing.kind}" role="img" aria-label="${standing.kind}" title="${escapeHtml(printStanding(standing))}">${signs[standing.kind]}</span>`;

/** Pictures come from our own drawing; their prologue has no place inside a page. A wide one shrinks to a readable size, then scrolls. */
function figure(p: Picture, kind: "wide" | "chart"): string {
  const natural = Number(/<svg[^>]*\bwidth="([\d.]+)/.exec(p.svg)?.[1] ?? 0);
  const label = `role="img" aria-label="${escapeHtml(p.caption)}"`;
  const size =
    kind === "wide"
      ? ` style="width:100%;max-width:${Math.round(1.33 * natural)}px;min-width:${Math.round(0.75 * natural)}px;height:auto"`
      : "";
  const svg = p.svg.replace(/^[\s\S]*?(?=<svg)/, "").replace("<svg", `<svg ${label}${size}`);
  return `<figure class="${kind}" tabindex="0">${svg}<figcaption>${escapeHtml(p.caption)}</figcaption></figure>`;
}

const words = new Set([
  "if",
  "else",
  "and",
  "or",
  "mod",
  "div",
  "min",
  "max",
  "sum",
  "log",
  "Θ",
  "O",
  "true",
]);

/** The cases of a printed form: where each holds, and its value; undefined where it has none, or others inside. */
function casesOf(text: string): { readonly where: string | undefined; readonly value: string }[] | undefined {
  const cases: { where: string | undefined; value: string }[] = [];
  let rest = text;
  for (let next = FIRST_CASE.exec(rest); next !== null; next = FIRST_CASE.exec(rest)) {
    cases.push({ where: next[1]!, value: next[2]! });
    rest = next[3]!;
  }
  const last = /^\{ ([^{}]*) \}$/.exec(rest);
  return last === null || cases.length === 0 ? undefined : [...cases, { where: undefined, value: last[1]! }];
}
const FIRST_CASE = /^if ([^{}]*) \{ ([^{}]*) \} else (.*)$/s;

/** A printed form with raised exponents, dots for products, floors as brackets, names in italics; cases one under the other. */
export function formHtml(text: string): string {
  const cases = casesOf(text);
  if (cases === undefined) return termHtml(text);
  const rows = cases.map(
    ({ where, value }) =>
      `<span class="case">${termHtml(value)} <span class="where">${where === undefined ? "otherwise" : `if ${termHtml(where)}, `}</span></span>`,
  );
  return `<span class="cases">${rows.join("")}</span>`;
}

function termHtml(text: string): string {
  const tokens = text.match(/[A-Za-z_Θ][\w.']*|\d+|\.\.|[<>=!]=|\s+|./gu) ?? [];
  const closing = (open: number): number => {
    let depth = 0;
    for (let k = open; k < tokens.length; k++) {
      if (tokens[k] === "(") depth++;
      else if (tokens[k] === ")" && --depth === 0) return k;
    }
    return tokens.length;
  };
  const from = (start: number, end: number): string => {
    let html = "";
    for (let k = start; k < end; k++) {
      const token = tokens[k]!;
      if (token === "floor" && tokens[k + 1] === "(") {
        const close = closing(k + 1);
        html += `⌊${from(k + 2, close)}⌋`;
        k = close;
      } else if (token === "log2" && tokens[k + 1] === "(") html += "log<sub>2</sub>";
      else if (token === "^") {
        const bracket = tokens[k + 1] === "(";
        const call = /^[A-Za-z]/.test(tokens[k + 1] ?? "") && tokens[k + 2] === "(";
        const close = bracket ? closing(k + 1) : call ? closing(k + 2) + 1 : k + 2;
        html += `<sup>${bracket ? from(k + 2, close) : from(k + 1, close)}</sup>`;
        k = bracket ? close : close - 1;
      } else if (token === "*") html += '<span class="times">·</span>';
      else if (token === "-") html += "−";
      else if (token === "<=") html += "≤";
      else if (token === "==") html += "=";
      else if (token === "!=") html += "≠";
      else if (/^[A-Za-z_]/.test(token) && !words.has(token)) html += `<i>${escapeHtml(token)}</i>`;
      else html += escapeHtml(token);
    }
    return html;
  };
  return `<span class="form">${from(0, tokens.length)}</span>`;
}
