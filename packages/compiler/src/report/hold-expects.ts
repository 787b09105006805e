/** `expect` lines after an edit: what no longer holds is replaced by what is proved now, or left out. */
import { type CheckedProgram, check, type ExpectMember, type Host, type TaskItem } from "@fathom/lang";
import { applyEdits, type TextEdit } from "../algebra/rewrite/as-source";
import { lower, lowerSize } from "../equations/lower/lower";
import { printSystem } from "../equations/print";
import { type ClosedForm, printClosedForm } from "../symbolic/closed-form";
import { compareGrowth, growthOf } from "../symbolic/growth";
import { provedForm } from "../symbolic/standing";
import { closedOf, decideExpects, expectsOf } from "./expects";
import { formsOf, type TaskForms } from "./forms";

interface HeldExpects {
  /** The file, with every `expect` line refuted or of an unknown class gone or replaced. */
  readonly text: string;
  /** What was written, and what stands there now. */
  readonly changed: readonly { readonly was: string; readonly now: string | undefined }[];
}

/** The `expect` lines of all tasks that an edit made another: the edited one, and those that use it. Proves figures, so it takes a while. */
export function holdExpects(before: CheckedProgram, path: string, text: string, host?: Host): HeldExpects {
  const program = check(path, text, host);
  const edits: (TextEdit & { was: string; now: string | undefined })[] = [];
  for (const task of program.tasks) {
    const members = expectsOf(task);
    if (members.length === 0) continue;
    const system = lower(program, task);
    const old = before.tasks.find((t) => t.name.text === task.name.text);
    if (old !== undefined && printSystem(lower(before, old)) === printSystem(system)) continue;
    const forms = () => formsOf(system);
    decideExpects({ program, task, system }, forms).forEach((r, k) => {
      const member = members[k]!;
      if (r.outcome !== "refuted" && (r.outcome !== "undecided" || member.claim.kind === "figure")) return;
      const now = replacement(program, task, member, forms);
      edits.push({ ...editOf(text, member, now), was: r.text, now });
    });
  }
  return { text: applyEdits(text, edits), changed: edits.map(({ was, now }) => ({ was, now })) };
}

/** The proved form of the same figure, where the language can say it. */
function replacement(
  program: CheckedProgram,
  task: TaskItem,
  { claim }: ExpectMember,
  forms: () => TaskForms,
): string | undefined {
  if (claim.kind !== "figure") return undefined;
  const figure = forms()[claim.model][claim.figure];
  const exact = provedForm(figure);
  const form = exact ?? (figure.upper?.standing.kind === "proved" ? figure.upper.form : undefined);
  if (form === undefined) return undefined;
  // A bound that grows like what was written is no news.
  const system = lower(program, task);
  const growth = (f: ClosedForm) => growthOf(f, system.sizes, system.constraints);
  const asked = lowerSize(program, claim.value);
  const before = asked === undefined ? undefined : closedOf(asked);
  if (exact === undefined && (before === undefined || compareGrowth(growth(form), growth(before)) !== "less"))
    return undefined;
  const model = claim.model === "ops" ? "(ops)" : "";
  const shown = printClosedForm(form);
  // Choices and sums are for reading: a line that asks for one is not decided.
  if (/\bif\b|\bsum\b/.test(shown)) return undefined;
  const line = `expect ${claim.figure}${model} ${exact === undefined ? "<=" : "=="} ${shown}`;
  const sizes = task.sizes.map((s) => `${s.name.text}: ${s.sizeKind}`).join(", ");
  const probe = `task Probe(${sizes}) {\n  output x: int = 0\n  ${line}\n}\n`;
  return check(program.files[0]!.path, probe).diagnostics.length === 0 ? line : undefined;
}

/** The line, or all of it where nothing stands there now. */
function editOf(text: string, { range }: ExpectMember, now: string | undefined): TextEdit {
  if (now !== undefined) return { range, text: now };
  const start = text.lastIndexOf("\n", range.start - 1) + 1;
  const end = text.indexOf("\n", range.end);
  const rest = end < 0 ? "" : text.slice(range.end, end).trim();
  const alone = text.slice(start, range.start).trim() === "" && (rest === "" || rest.startsWith("//"));
  return alone && end >= 0 ? { range: { start, end: end + 1 }, text: "" } : { range, text: "" };
}
