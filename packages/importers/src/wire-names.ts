import type { WireNaming } from "./circuit-builder";
import type { CircuitReport } from "./circuit-diagnostics";
import type { CircuitLimits } from "./circuit-limits";

/** A `Map` throws beyond 2^24 entries, whatever limit the caller sets. */
const mapCapacity = 2 ** 24 - 1;

/** Numbers the names of a file in the order in which they are met. */
export class WireNames implements WireNaming {
  readonly wireNames: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #limit: number;

  constructor(limits: CircuitLimits) {
    this.#limit = Math.min(limits.wires, mapCapacity);
  }

  get full(): boolean {
    return this.wireNames.length > this.#limit;
  }

  readonly wireName = (wire: number): string => this.wireNames[wire] ?? `wire ${wire}`;

  /** The number of a name, a new one when it is met for the first time. */
  wire(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const wire = this.wireNames.length;
    if (this.#numbers.size < mapCapacity) this.#numbers.set(name, wire);
    this.wireNames.push(name);
    return wire;
  }

  reportFull(report: CircuitReport, line: number): void {
    if (!this.full) return;
    const found = this.wireNames.length;
    report.add("circuit-too-large", line, { what: "the wires", found, limit: this.#limit, option: "wires" });
  }
}
