/** A growing list of unsigned 32-bit numbers: grows with what was read, never with what a header claims. */
export class NumberList {
  #data = new Uint32Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#data.length) {
      const larger = new Uint32Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data[this.#length++] = value;
  }

  at(index: number): number {
    return index < this.#length ? (this.#data[index] ?? 0) : 0;
  }

  /** The numbers themselves, without a copy; valid until the next `push`. */
  view(): Uint32Array {
    return this.#data.subarray(0, this.#length);
  }
}
