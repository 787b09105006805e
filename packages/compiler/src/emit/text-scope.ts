/** A block of emitted text: its lines, and the names of values made in it. Inner blocks see those of outer ones. */
export class TextScope<Key> {
  constructor(
    readonly indent: string,
    private readonly outer?: TextScope<Key>,
    readonly lines: string[] = [],
    private readonly names = new Map<Key, string[]>(),
  ) {}

  inside(indent = `${this.indent}  `): TextScope<Key> {
    return new TextScope(indent, this);
  }

  /** A scope of its own that writes to the same lines; it begins with the names of `other`. */
  sharing(other?: TextScope<Key>): TextScope<Key> {
    return new TextScope(this.indent, this, this.lines, new Map(other?.names));
  }

  known(key: Key): string[] | undefined {
    return this.names.get(key) ?? this.outer?.known(key);
  }

  /** The names of a value; made where it is asked for first. */
  once(key: Key, make: () => string[]): string[] {
    const known = this.known(key);
    if (known !== undefined) return known;
    const made = make();
    this.names.set(key, made);
    return made;
  }

  name(key: Key, names: string[]): void {
    this.names.set(key, names);
  }
}
