/**
 * What the server answers beyond the language server protocol. Plain names and records, shared with clients: a client sends
 * `connection.sendRequest(requests.graph, params)`.
 */
import type { Diagnostic } from "@fathom/lang";
import type { TaskFigures } from "./analysis/figures";

export type { ExpectOutcome, ShownFigure, TaskFigures } from "./analysis/figures";

export const requests = {
  /** `TaskAtParams → TaskInfo | null` */
  taskAt: "fathom/taskAt",
  /** `DocumentParams → readonly TaskInfo[]` */
  tasks: "fathom/tasks",
  /** `ReportParams → ReportResult` */
  report: "fathom/report",
  /** `GraphParams → GraphResult` */
  graph: "fathom/graph",
  /** `CurveParams → CurveResult` */
  curve: "fathom/curve",
  /** `TaskParams → readonly Comparable[]`: the other tasks of the file, of the workspace and of the standard library. */
  comparable: "fathom/comparable",
  /** `CompareParams → CompareResult`: the task beside others, analysed where they are not yet; cancellable. */
  compare: "fathom/compare",
  /** `RunParams → RunResult`; cancellable: a cancelled run is stopped, not only forgotten. */
  run: "fathom/run",
  /** `TaskParams → CertifyResult` */
  certify: "fathom/certify",
  /** `DocumentParams → readonly ExampleInfo[]` */
  examples: "fathom/examples",
  /** `ExampleParams → ExampleResult` */
  runExample: "fathom/runExample",
  /** `{ code: string } → { markdown: string } | null` */
  explain: "fathom/explain",
  /** `{ uri: string } → { text: string } | null`: a file as the server sees it, the standard library too. */
  content: "fathom/content",
} as const;

export const notifications = {
  /** Server to client, `FiguresParams`: figures of a document changed; ask again for hints, lenses, tasks. */
  figures: "fathom/figures",
} as const;

/** Requests the server sends where it cannot read files itself (in a web worker): `{ uri } → { text } | null`. */
export const clientRequests = { read: "fathom/read" } as const;

/** `initializationOptions`. */
export interface InitializationOptions {
  /** Where pages of diagnostics are, as the base of `<code>.md`. */
  readonly docs?: string | undefined;
  /** Where the standard library is, as the base of `automata.fathom`. */
  readonly std?: string | undefined;
  /** The client has the commands `fathom.run`, `fathom.graph`, `fathom.compare`, `fathom.report`; else the server's own are used. */
  readonly clientCommands?: boolean | undefined;
  readonly settings?: Partial<Settings> | undefined;
}

/** The section `fathom` of the client's configuration. */
export interface Settings {
  readonly hints: {
    readonly enabled: boolean;
    /** Longer hints are cut with an ellipsis; the whole stands in the tooltip. */
    readonly maximumLength: number;
  };
  readonly lenses: { readonly enabled: boolean };
}

export interface Position {
  readonly line: number;
  readonly character: number;
}
export interface LspRange {
  readonly start: Position;
  readonly end: Position;
}

export interface DocumentParams {
  readonly uri: string;
}
export interface TaskAtParams extends DocumentParams {
  readonly position: Position;
}
export interface TaskParams extends DocumentParams {
  readonly task: string;
}
/** A task by name, and where it stands in words: `sums.fathom`, `std/automata`. */
export interface Comparable extends TaskParams {
  readonly place: string;
  readonly doc?: string | undefined;
}
export interface CompareParams extends TaskParams {
  /** Without: the other tasks of its file, then those of the workspace's files, as far as a table is read. */
  readonly with?: readonly TaskParams[] | undefined;
}
export interface CompareResult {
  /** A table, a row a task. */
  readonly markdown: string;
  /** The same as records, the task asked about first. */
  readonly tasks: readonly TaskInfo[];
}

export type Sizes = Readonly<Record<string, number>>;

export interface SizeInfo {
  readonly name: string;
  readonly kind: "size" | "const";
}

export interface TaskInfo {
  readonly uri: string;
  readonly version: number;
  readonly task: string;
  readonly range: LspRange;
  readonly nameRange: LspRange;
  readonly doc?: string | undefined;
  readonly sizes: readonly SizeInfo[];
  /** Data from outside that a run needs. */
  readonly inputs: readonly { readonly name: string; readonly declaration: string }[];
  /** The last known figures. */
  readonly figures?: TaskFigures | undefined;
  /** `fresh`; `stale`: of an earlier text, new ones are being computed or the text has errors; `none`: nothing known yet. */
  readonly state: "fresh" | "stale" | "none";
  /** True where the task or something it uses has an error: nothing can be analysed or run. */
  readonly broken: boolean;
}

export interface FiguresParams {
  readonly uri: string;
  readonly version: number;
}

/** What is wrong with a request: sizes outside `where`, a missing input, too large a graph. */
export type Problem = Pick<Diagnostic, "code" | "severity" | "message" | "help">;

export interface ReportParams extends TaskParams {
  /** For the exact figures; without, middling small ones. */
  readonly sizes?: Sizes | undefined;
}
export interface ReportResult {
  readonly problems: readonly Problem[];
  /** The record that `fathom analyze --json` prints. */
  readonly report?: unknown;
  readonly markdown?: string | undefined;
  readonly sizes?: Sizes | undefined;
}

export interface GraphParams extends TaskParams {
  /** Without: the largest small sizes whose graph can be read. */
  readonly sizes?: Sizes | undefined;
  /** At most this many instances (200). */
  readonly most?: number | undefined;
}
export interface GraphResult {
  readonly problems: readonly Problem[];
  readonly sizes?: Sizes | undefined;
  readonly title?: string | undefined;
  /** Graphviz source, and its drawing: one rank a level, the critical path in orange. */
  readonly dot?: string | undefined;
  readonly svg?: string | undefined;
  readonly depth?: number | undefined;
  readonly instances?: number | undefined;
  readonly truncated?: boolean | undefined;
}

export interface CurveParams extends TaskParams {
  /** The size that varies. */
  readonly size: string;
  readonly values: readonly number[];
  /** The other sizes. */
  readonly fixed: Sizes;
}
export interface CurveResult {
  readonly problems: readonly Problem[];
  /** Exact at each value; values that `where` excludes or that are too large to unroll are left out. */
  readonly points: readonly {
    readonly value: number;
    readonly depth: number;
    readonly work: number;
    readonly width: number;
    readonly opsDepth: number;
  }[];
}

/** What computes; `auto`: WebAssembly, or JavaScript beyond the sizes that it takes. */
export type Target = "auto" | "js" | "wasm" | "gpu";

export interface RunParams extends TaskParams {
  /** Without: middling small ones. */
  readonly sizes?: Sizes | undefined;
  /** By family: bit text, number, nested lists; `{ random: seed }` makes values. Missing ones are made from `seed`. */
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  readonly seed?: number | undefined;
  readonly target?: Target | undefined;
  /** Families to deliver besides the outputs. */
  readonly keep?: readonly string[] | undefined;
}
export interface RunResult {
  readonly problems: readonly Problem[];
  readonly outputs: readonly {
    readonly name: string;
    readonly type: string;
    /** Rows and columns of the box the values fill. */
    readonly extent: readonly number[];
    /** Nested lists, as JSON inputs are written. */
    readonly value: unknown;
  }[];
  readonly sizes: Sizes;
  /** What computed. */
  readonly target?: Target | undefined;
  readonly milliseconds: number;
}

export interface CertifyResult {
  readonly problems: readonly Problem[];
  /** The certificate as JSON text; absent where the depth is not proved. */
  readonly certificate?: string | undefined;
  /** One sentence: what is certified, or why nothing is. */
  readonly summary: string;
}

export interface ExampleInfo {
  readonly uri: string;
  /** Its place among the examples of the file. */
  readonly index: number;
  readonly task: string;
  readonly title?: string | undefined;
  readonly range: LspRange;
}
export interface ExampleParams extends DocumentParams {
  readonly index: number;
}
export interface ExampleResult {
  /** Why it could not be run. */
  readonly problems: readonly Problem[];
  /** One for each back end. */
  readonly results: readonly {
    readonly backend: string;
    readonly diagnostics: readonly (Problem & { readonly range: LspRange })[];
  }[];
}
