/**
 * Lines of words out of bytes. All circuit formats are lines of words (binary AIGER up to its gates), and a file of
 * millions of lines is read without a string for each line.
 */

export interface ScannerOptions {
  /** From this character to the end of the line nothing counts. */
  readonly comment?: string | undefined;
  /** At the end of a line this character joins the next one. */
  readonly continuation?: string | undefined;
  /** Characters that are words of their own. */
  readonly punctuation?: string | undefined;
}

const lineFeed = 10;
const isBlank = (byte: number) => byte === 32 || byte === 9 || byte === 13 || byte === 11 || byte === 12;

export class LineScanner {
  readonly bytes: Uint8Array;
  /** Where the next line starts. */
  position = 0;
  /** The number, from 1, of the line whose words are held; of its first part where lines are joined. */
  line = 0;
  /** How many words the line has. */
  count = 0;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #comment: number;
  readonly #continuation: number;
  readonly #punctuation: readonly number[];
  #linesRead = 0;
  #rawEnd = 0;

  constructor(bytes: Uint8Array, options: ScannerOptions = {}) {
    const code = (text: string | undefined) => (text === undefined ? -1 : text.charCodeAt(0));
    this.bytes = bytes;
    this.#comment = code(options.comment);
    this.#continuation = code(options.continuation);
    this.#punctuation = [...(options.punctuation ?? "")].map(code);
  }

  /** The number of the line after the ones read so far. */
  get nextLine(): number {
    return this.#linesRead + 1;
  }

  /** Steps to the next line that holds a word; false at the end of the file. */
  next(): boolean {
    this.count = 0;
    while (this.count === 0) {
      if (this.position >= this.bytes.length) {
        this.line = this.#linesRead;
        return false;
      }
      this.line = this.#linesRead + 1;
      while (this.#oneLine() && this.position < this.bytes.length);
    }
    return true;
  }

  /** Splits one line of the file into words; true when it is to be joined with the next. */
  #oneLine(): boolean {
    const { bytes } = this;
    this.#linesRead += 1;
    let at = this.position;
    let commented = false;
    let joined = false;
    for (; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === lineFeed) break;
      if (commented || isBlank(byte)) continue;
      if (byte === this.#comment) {
        commented = true;
        continue;
      }
      if (byte === this.#continuation && this.#endsLine(at + 1)) {
        joined = true;
        continue;
      }
      this.#starts[this.count] = at;
      if (!this.#punctuation.includes(byte)) {
        while (at + 1 < bytes.length && !this.#endsWord(at + 1)) at++;
      }
      this.#ends[this.count] = at + 1;
      this.count += 1;
    }
    this.#rawEnd = at;
    this.position = at + 1;
    return joined;
  }

  #endsWord(at: number): boolean {
    const byte = this.bytes[at] ?? 0;
    return (
      byte === lineFeed ||
      isBlank(byte) ||
      byte === this.#comment ||
      this.#punctuation.includes(byte) ||
      (byte === this.#continuation && this.#endsLine(at + 1))
    );
  }

  #endsLine(from: number): boolean {
    let at = from;
    while (at < this.bytes.length && isBlank(this.bytes[at] ?? 0)) at++;
    return at >= this.bytes.length || this.bytes[at] === lineFeed;
  }

  /** Word `index` of the line, as text. */
  word(index: number): string {
    return index < this.count ? this.#text(this.#starts[index] ?? 0, this.#ends[index] ?? 0) : "";
  }

  /** First byte of word `index`, -1 where there is no such word. */
  first(index: number): number {
    return index < this.count ? (this.bytes[this.#starts[index] ?? 0] ?? -1) : -1;
  }

  /** Where word `index` starts in the file. */
  start(index: number): number {
    return this.#starts[index] ?? 0;
  }

  length(index: number): number {
    return index < this.count ? (this.#ends[index] ?? 0) - (this.#starts[index] ?? 0) : 0;
  }

  /** From word `index` to the end of the line, blanks inside kept. */
  rest(index: number): string {
    if (index >= this.count) return "";
    let end = this.#rawEnd;
    while (end > 0 && isBlank(this.bytes[end - 1] ?? 0)) end--;
    return this.#text(this.#starts[index] ?? 0, end);
  }

  /** Word `index` as a whole number, -1 when it is anything else. Digits beyond 2^53 give 2^53 - 1. */
  number(index: number): number {
    if (index >= this.count) return -1;
    const end = this.#ends[index] ?? 0;
    let value = 0;
    for (let at = this.#starts[index] ?? 0; at < end; at++) {
      const digit = (this.bytes[at] ?? 0) - 48;
      if (digit < 0 || digit > 9) return -1;
      value = Math.min(value * 10 + digit, Number.MAX_SAFE_INTEGER);
    }
    return value;
  }

  /** Word `index` for a message: quoted, printable and short; "the end of the line" where there is none. */
  shown(index: number): string {
    if (index >= this.count) return "the end of the line";
    return quoted(this.word(index));
  }

  #text(start: number, end: number): string {
    let text = "";
    for (let at = start; at < end; at++) {
      const byte = this.bytes[at] ?? 0;
      if (byte >= 128) return new TextDecoder().decode(this.bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }
}

/** Text out of a file, for a message: in backquotes, printable, at most 40 characters. */
export function quoted(text: string): string {
  const printable = text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, "\ufffd").replaceAll("`", "'");
  return `\`${printable.length > 40 ? `${printable.slice(0, 39)}…` : printable}\``;
}

/** `1 gate`, `2 gates`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
