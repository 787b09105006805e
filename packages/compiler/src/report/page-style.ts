/** The look of a report page. Colours are custom properties, so that pictures follow light and dark as well. */
export const PAGE_STYLE = `
:root {
  --paper: #fbfaf8; --card: #fff; --ink: #1d2329; --soft: #59636e; --line: #e2e0da; --accent: #c2410c; --accent-soft: #ffe7d9;
  --good: #17663a; --good-soft: #dff3e6; --warn: #835200; --warn-soft: #fcefcf; --info: #1b5a94; --info-soft: #e0eefb;
  --bad: #a81e1e; --bad-soft: #fde4e4; --node: #f1f3f5; --node-line: #8b96a3; --edge: #a9b3bd; --steps: #c2410c; --ops: #1b5a94;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --card: #1b2127; --ink: #e8eaed; --soft: #a3adb8; --line: #313a43; --accent: #ff9d66; --accent-soft: #4a2a17;
    --good: #83dba4; --good-soft: #173824; --warn: #f3c667; --warn-soft: #3d300f; --info: #8fc5f7; --info-soft: #17334d;
    --bad: #ff9b9b; --bad-soft: #4a1d1d; --node: #262e36; --node-line: #5d6975; --edge: #5d6975; --steps: #ff9d66; --ops: #8fc5f7;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 2.4rem; line-height: 1.15; margin: 0 0 .4rem; letter-spacing: -.02em; text-wrap: balance; }
h2 { font-size: 1.25rem; margin: 0 0 .9rem; letter-spacing: -.01em; }
p { margin: 0 0 .8rem; } code { font: .92em ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace; }
.source { color: var(--soft); font: .85rem ui-monospace, Menlo, Consolas, monospace; margin: 0 0 .35rem; overflow-wrap: anywhere; }
.about { color: var(--soft); font-size: 1.08rem; max-width: 46rem; white-space: pre-line; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: 1.4rem 1.5rem; margin: 1.25rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; margin: 1.6rem 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--accent); border-radius: .8rem; padding: 1rem 1.2rem; }
.tile dt { color: var(--soft); font-size: .9rem; } .tile dd { margin: 0; }
.big { display: block; font-size: 1.75rem; line-height: 1.35; overflow-wrap: anywhere; }
.under { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-top: .4rem; color: var(--soft); }
.form { font-family: "STIX Two Text", "Cambria Math", Cambria, Georgia, "Times New Roman", serif; font-size: 1.06em; }
.form i { font-style: italic; padding-right: .03em; } .form sup, .form sub { font-size: .7em; line-height: 0; } .times { padding: 0 .12em; }
.cases { display: inline-grid; grid-template-columns: auto auto; justify-content: start; gap: 0 1.1rem; border-left: 2px solid var(--soft); padding-left: .6rem; vertical-align: top; }
.case { display: contents; } .where { color: var(--soft); align-self: center; } .big .cases { font-size: .68em; } .scroll .case .form, .scroll .where, #figures td:nth-child(4) { white-space: nowrap; }
table { border-collapse: collapse; width: 100%; margin: 0 0 .4rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: .2rem 0 .5rem; } caption b { color: var(--ink); }
.scroll { overflow-x: auto; } .scroll + .scroll { margin-top: 1.3rem; }
th, td { text-align: left; padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--soft); font-weight: 500; font-size: .85rem; border-top: 0; padding-top: 0; } tbody th { font-weight: 600; }
#figures td:nth-child(2) { width: 36%; } #figures th:first-child { width: 8rem; }
.number { text-align: right; white-space: nowrap; padding-right: 0; } .number + td { padding-left: 1.2rem; }
.part + .part { margin-top: .3rem; } .relation { color: var(--soft); } .muted, .hint, .why { color: var(--soft); } .why { font-size: .88rem; margin-top: .25rem; }
.badge { display: inline-block; border-radius: 99rem; padding: .06rem .6rem; font-size: .82rem; line-height: 1.5; background: var(--node); color: var(--soft); white-space: nowrap; }
.badge.proved, .verdict.parallel { background: var(--good-soft); color: var(--good); }
.badge.checked, .verdict.serial-as-written, .verdict.approximately-parallel { background: var(--warn-soft); color: var(--warn); }
.badge.cited { background: var(--info-soft); color: var(--info); }
.dot { font-size: .8rem; margin-left: .25rem; } .dot.proved { color: var(--good); } .dot.checked { color: var(--warn); } .dot.cited { color: var(--info); }
.verdict { display: inline-block; border-radius: .4rem; padding: .1rem .6rem; font-weight: 600; background: var(--node); margin-right: .35rem; }
.verdict.inherently-serial, .verdict.exponential-size { background: var(--bad-soft); color: var(--bad); }
.entry, .rule, .theta { color: var(--soft); font-size: .9rem; }
.expects, .path { list-style: none; margin: 0; padding: 0; } .expects li { padding: .35rem 0; border-top: 1px solid var(--line); } .expects li:first-child { border-top: 0; }
.mark { display: inline-block; width: 1.2rem; font-weight: 700; } .expects .proved .mark, .expects .proved b { color: var(--good); }
.expects .refuted .mark, .expects .refuted b { color: var(--bad); } .expects .undecided .mark, .expects .undecided b { color: var(--warn); }
.tree details, .tree .leaf { border-left: 2px solid var(--line); padding-left: .9rem; margin: .3rem 0 .3rem .35rem; }
.tree > details { border-left: 0; padding-left: 0; margin-left: 0; } .tree > details > summary .claim { font-weight: 600; }
summary { cursor: pointer; padding: .15rem 0; } summary:hover .claim { color: var(--accent); } .leaf { padding-top: .15rem; padding-bottom: .15rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .25rem; }
.claim { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .92rem; } .detail { color: var(--soft); margin: .1rem 0 .4rem; font-size: .93rem; }
.plain summary { color: var(--soft); }
.path { display: flex; flex-wrap: wrap; gap: .45rem .5rem; } .path li { background: var(--accent-soft); border-radius: .45rem; padding: .15rem .55rem; }
.path li + li::before { content: "→ "; color: var(--soft); margin-left: -.2rem; } .path .gap { background: none; color: var(--soft); } .level { color: var(--soft); font-size: .78rem; margin-right: .4rem; }
figure { margin: 0; } figcaption { color: var(--soft); font-size: .9rem; margin-top: .4rem; }
.wide { overflow-x: auto; } .wide svg { display: block; margin: 0 auto; } .chart svg { width: 100%; height: auto; display: block; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(21rem, 1fr)); gap: 1.5rem; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem .5rem; align-items: center; color: var(--soft); font-size: .9rem; }
.key { width: .95rem; height: .95rem; border-radius: .25rem; border: 1.5px solid; margin-left: .6rem; } .key:first-child { margin-left: 0; }
.key.given { background: var(--info-soft); border-color: var(--info); } .key.node { background: var(--node); border-color: var(--node-line); }
.key.out { background: var(--good-soft); border-color: var(--good); } .key.critical { background: var(--accent-soft); border-color: var(--accent); }
.wide svg > g > polygon:first-of-type { fill: none; } .wide svg > g > text { display: none; } .wide svg text { fill: var(--ink); font-family: Helvetica, Arial, sans-serif; }
.wide [fill="#f4f6f8"] { fill: var(--node); } .wide [stroke="#9aa5b1"] { stroke: var(--node-line); } .wide [stroke="#b8c2cc"] { stroke: var(--edge); } .wide [fill="#b8c2cc"] { fill: var(--edge); }
.wide [fill="#ffe3d5"] { fill: var(--accent-soft); } .wide [stroke="#d9480f"] { stroke: var(--accent); } .wide [fill="#d9480f"] { fill: var(--accent); }
.wide [fill="#e3f2fd"] { fill: var(--info-soft); } .wide [stroke="#4a90c2"] { stroke: var(--info); } .wide [fill="#e6f6e6"] { fill: var(--good-soft); } .wide [stroke="#4c9a4c"] { stroke: var(--good); }
footer { color: var(--soft); font-size: .9rem; padding: 0 .3rem; }
@media (max-width: 40rem) { body { padding: 1.25rem .8rem 3rem; } .scroll table { min-width: 36rem; } h1 { font-size: 1.8rem; } section { padding: 1.1rem 1rem; } .big { font-size: 1.4rem; } }
@media print { body { max-width: none; padding: 0; } section { break-inside: avoid; } }
`;
