/** The report as JSON: closed forms, growths and numbers beyond 2^53 as the text that people read, all else as it is. */

import { printSystem } from "../equations/print";
import { type ClosedForm, printClosedForm } from "../symbolic/closed-form";
import { type Growth, printGrowth } from "../symbolic/growth";
import type { Report } from "./analyze";
import type { RewrittenReport } from "./rewritten";

/** A record with every closed form and growth printed. */
export type Printed<T> = T extends ClosedForm | Growth | bigint
  ? string
  : T extends readonly (infer U)[]
    ? readonly Printed<U>[]
    : T extends object
      ? { readonly [K in keyof T]: Printed<T[K]> }
      : T;

/** What `fathom analyze --json` prints; `docs/reference/report.md` describes it. */
export const reportJson = (report: Report): Printed<Report> => printJson(report);

/** Any record of the compiler with its closed forms and growths printed. */
export const printJson = <T>(value: T): Printed<T> => printed(value) as Printed<T>;

/** A rewriting in `fathom analyze --json`: its equations as text. */
export const rewrittenJson = ({ system, ...rest }: RewrittenReport) => ({
  ...(printed(rest) as Printed<typeof rest>),
  equations: printSystem(system),
});

function printed(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(printed);
  if (typeof value !== "object" || value === null) return value;
  if ("cone" in value) return printGrowth(value as Growth);
  return Object.fromEntries(
    Object.entries(value).map(([key, v]) => [
      key,
      key === "form" ? printClosedForm(v as ClosedForm) : printed(v),
    ]),
  );
}
