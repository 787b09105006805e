/** One file of an editor at one moment, with everything asked about it. Immutable; what is costly is made when first asked. */
import {
  type CheckedFile,
  type CheckedProgram,
  check,
  type Diagnostic,
  type ExampleItem,
  type Host,
} from "@fathom/lang";
import { TextDocument } from "vscode-languageserver-textdocument";
import { Names } from "./names";
import { type Unit, unitOf, unitsOf } from "./units";

export class Snapshot {
  readonly program: CheckedProgram;
  readonly file: CheckedFile;
  private knownNames: Names | undefined;
  private knownUnits: readonly Unit[] | undefined;
  private readonly documents = new Map<string, TextDocument>();

  constructor(
    readonly uri: string,
    readonly version: number,
    readonly text: string,
    private readonly host: Host,
  ) {
    this.program = check(uri, text, host);
    this.file = this.program.files[0]!;
  }

  /** How lines end here: edits end theirs likewise. */
  get eol(): string {
    return this.text.includes("\r\n") ? "\r\n" : "\n";
  }

  get names(): Names {
    this.knownNames ??= new Names(this.program);
    return this.knownNames;
  }

  /** The tasks, with what their figures depend on. */
  get units(): readonly Unit[] {
    this.knownUnits ??= unitsOf(this.program, this.names);
    return this.knownUnits;
  }

  unit(task: string): Unit | undefined {
    return this.units.find((u) => u.task.name.text === task);
  }

  /** An example with its task, as a program of its own. */
  exampleUnit(index: number): Unit<ExampleItem> | undefined {
    const example = this.program.examples[index];
    return example === undefined ? undefined : unitOf(this.program, this.names, example);
  }

  unitAt(offset: number): Unit | undefined {
    return this.units.find((u) => u.task.range.start <= offset && offset <= u.task.range.end);
  }

  /** Line and column of a file of this program. */
  document(path = this.uri): TextDocument {
    const known = this.documents.get(path);
    if (known !== undefined) return known;
    const text = this.program.files.find((f) => f.path === path)?.text ?? "";
    const made = TextDocument.create(path, "fathom", this.version, text);
    this.documents.set(path, made);
    return made;
  }

  /** The path that an import of this file stands for. */
  resolved(spec: string): string | undefined {
    return this.host.resolve(this.uri, spec)?.path;
  }

  /** What the checker said of this file. */
  get diagnostics(): readonly Diagnostic[] {
    return this.program.diagnostics.filter((d) => d.file === this.uri);
  }
}
