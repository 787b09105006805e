/**
 * Every file the editor or the disk knows, and a snapshot for each that is asked about. Paths are URIs throughout; what is
 * open in the editor hides what is on disk.
 */
import { type Host, Reparser } from "@fathom/lang";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { URI } from "vscode-uri";
import { Snapshot } from "./editor/snapshot";

/** What the server knows of the world outside; given by the edge. */
export interface World {
  /** The text of a file; undefined where there is none. A promise where files come over a wire. */
  read(uri: string): string | undefined | Promise<string | undefined>;
  /** The `.fathom` files under a folder. */
  list(folder: string): Promise<readonly string[]>;
  /** The standard library by file name, when it is built in. */
  readonly std: Readonly<Record<string, string>>;
  /** Pages of diagnostics by code, when they are built in. */
  readonly pages: Readonly<Record<string, string>>;
  /** Where both are on disk, if they are. */
  readonly stdBase?: string | undefined;
  readonly docsBase?: string | undefined;
}

/** One spelling for a URI, whoever wrote it: VS Code escapes more than a path needs. */
export const normalise = (uri: string): string => URI.parse(uri).toString();

export class Workspace {
  /** Where the standard library is said to be. */
  stdBase: string;
  folders: string[] = [];
  private readonly open = new Map<string, TextDocument>();
  private readonly disk = new Map<string, string | undefined>();
  private readonly snapshots = new Map<string, { readonly snapshot: Snapshot; readonly epoch: number }>();
  private readonly parsers = new Map<string, Reparser>();
  private readonly asked = new Set<string>();
  /** Grows whenever any text changes: a snapshot of another file may depend on it. */
  private epoch = 0;
  private listed: Promise<readonly string[]> | undefined;

  constructor(
    private readonly world: World,
    private readonly changed: (uri: string) => void,
  ) {
    this.stdBase = world.stdBase ?? "fathom-std:/std";
  }

  set(document: TextDocument): void {
    this.open.set(normalise(document.uri), document);
    this.epoch++;
  }

  close(uri: string): void {
    const key = normalise(uri);
    this.open.delete(key);
    this.disk.delete(key);
    this.snapshots.delete(key);
    this.parsers.delete(key);
    this.epoch++;
  }

  /** Told by the client that files on disk changed, came or went. */
  diskChanged(uris: readonly string[]): void {
    for (const uri of uris) this.disk.delete(normalise(uri));
    this.listed = undefined;
    this.epoch++;
  }

  get documents(): readonly string[] {
    return [...this.open.keys()];
  }

  document(uri: string): TextDocument | undefined {
    return this.open.get(normalise(uri));
  }

  text(uri: string): string | undefined {
    const open = this.open.get(uri);
    if (open !== undefined) return open.getText();
    if (this.disk.has(uri)) return this.disk.get(uri);
    const std = this.stdText(uri);
    if (std !== undefined && !uri.startsWith("file:")) return std;
    const read = this.world.read(uri);
    if (!(read instanceof Promise)) {
      // A library on disk is shown when one goes to it: its text is what counts.
      this.disk.set(uri, read ?? std);
      return read ?? std;
    }
    if (!this.asked.has(uri)) {
      this.asked.add(uri);
      read.then(
        (text) => this.arrived(uri, text),
        () => this.arrived(uri, undefined),
      );
    }
    return undefined;
  }

  private arrived(uri: string, text: string | undefined): void {
    this.asked.delete(uri);
    this.disk.set(uri, text);
    this.epoch++;
    if (text !== undefined) this.changed(uri);
  }

  private stdText(uri: string): string | undefined {
    const base = `${this.stdBase}/`;
    return uri.startsWith(base) ? this.world.std[uri.slice(base.length)] : undefined;
  }

  /** True while a file that something imports is still on its way. */
  get waiting(): boolean {
    return this.asked.size > 0;
  }

  private readonly host: Host = {
    resolve: (from, spec) => {
      const named = spec.endsWith(".fathom") ? spec : `${spec}.fathom`;
      const path = named.startsWith("std/") ? `${this.stdBase}/${named.slice(4)}` : resolveFrom(from, named);
      const text = path === undefined ? undefined : this.text(path);
      return path === undefined || text === undefined ? undefined : { path, text };
    },
    parse: (text, path) => {
      const known = this.parsers.get(path) ?? new Reparser(path);
      this.parsers.set(path, known);
      return known.parse(text);
    },
  };

  /** The snapshot of a file as it is now. */
  snapshot(uri: string): Snapshot | undefined {
    const key = normalise(uri);
    const known = this.snapshots.get(key);
    if (known?.epoch === this.epoch) return known.snapshot;
    const text = this.text(key);
    if (text === undefined) return undefined;
    const version = this.open.get(key)?.version ?? 0;
    const old = known?.snapshot;
    // Nothing this file reads has changed.
    const same =
      old !== undefined &&
      old.version === version &&
      old.program.files.every((f) => this.text(f.path) === f.text) &&
      !old.program.diagnostics.some((d) => d.code === "import-not-found" || d.code === "import-cycle");
    const snapshot = same ? old : new Snapshot(key, version, text, this.host);
    this.snapshots.set(key, { snapshot, epoch: this.epoch });
    return snapshot;
  }

  /** The files of the workspace on disk. */
  private list(): Promise<readonly string[]> {
    this.listed ??= Promise.all(this.folders.map((f) => this.world.list(f))).then((l) =>
      l.flat().map(normalise),
    );
    return this.listed;
  }

  /** Snapshots of every file of the workspace and every open one; the standard library is not among them. */
  async all(): Promise<Snapshot[]> {
    const uris = new Set([...this.open.keys(), ...(await this.list())]);
    return [...uris].flatMap((uri) => this.snapshot(uri) ?? []);
  }

  /** Snapshots of the standard library's files. */
  library(): Snapshot[] {
    return this.std.flatMap((uri) => this.snapshot(uri) ?? []);
  }

  /** How a file is imported from another one. */
  private specOf(from: string, uri: string): string {
    if (this.isStd(uri)) return `std/${uri.slice(this.stdBase.length + 1).replace(/\.fathom$/, "")}`;
    const [a, b] = [from.split("/").slice(0, -1), uri.split("/")];
    let k = 0;
    while (k < a.length && k < b.length - 1 && a[k] === b[k]) k++;
    const up = "../".repeat(a.length - k);
    return `${up === "" ? "./" : up}${b.slice(k).map(decodeURIComponent).join("/")}`;
  }

  /** A file in words, as seen from another. */
  placeOf(from: string, uri: string): string {
    if (!this.isStd(uri) && !reaches(from, uri)) return URI.parse(uri).path.split("/").pop() ?? uri;
    return this.specOf(from, uri).replace(/^\.\//, "");
  }

  private get std(): string[] {
    return Object.keys(this.world.std).map((name) => `${this.stdBase}/${name}`);
  }

  /** Everything that a file may import, as it would write it. */
  async modules(from: string): Promise<string[]> {
    const files = [...new Set([...this.open.keys(), ...(await this.list())])].filter(
      (u) => u !== from && !this.isStd(u) && reaches(from, u),
    );
    return [...files, ...this.std].map((uri) => this.specOf(from, uri)).sort();
  }

  /** Which files declare a name: those of the workspace (`others`) and the library. */
  exporters(
    from: string,
    name: string,
    others: readonly Snapshot[],
  ): { readonly spec: string; readonly kind: string }[] {
    const words: Readonly<Record<string, string>> = { fn: "function" };
    return [...others, ...this.library()].flatMap((s) =>
      s.uri === from || !(this.isStd(s.uri) || reaches(from, s.uri))
        ? []
        : s.file.tree.items.flatMap((item) =>
            "name" in item && item.kind !== "reduction" && item.name.text === name
              ? [{ spec: this.specOf(from, s.uri), kind: words[item.kind] ?? item.kind }]
              : [],
          ),
    );
  }

  isStd(uri: string): boolean {
    return uri.startsWith(`${this.stdBase}/`);
  }
}

/** Whether a relative path leads from a file to another: both are on the same file system, and an untitled document is nowhere. */
function reaches(from: string, to: string): boolean {
  const [a, b] = [URI.parse(from), URI.parse(to)];
  return (
    a.scheme === b.scheme && a.authority === b.authority && a.path.startsWith("/") && b.path.startsWith("/")
  );
}

function resolveFrom(from: string, spec: string): string | undefined {
  try {
    return normalise(new URL(spec, from).href);
  } catch {
    // An untitled document is nowhere: nothing is relative to it.
    return undefined;
  }
}
