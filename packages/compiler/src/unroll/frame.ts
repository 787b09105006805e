/** What compiled expressions of one unroller share: the slots that hold sizes and indices, and the walks over points. */
import { isAlways } from "../equations/conditions";
import { compileCondition, compileIndex, type IndexCode, type Slots } from "../equations/evaluate-index";
import type { Condition, Fold, Reduce } from "../equations/system";

/** More operands than were allowed, in all runs together. */
export class TooManyOperands extends Error {}

export class UnrollFrame {
  protected readonly slots: Slots = [];
  private readonly slotNumbers = new Map<string, number>();
  private seen = 0;

  /** `operands`: the most to look at, in all runs together. */
  constructor(private readonly operands: number | undefined) {}

  protected readonly slot = (name: string): number => {
    let at = this.slotNumbers.get(name);
    if (at === undefined) {
      at = this.slotNumbers.size;
      this.slotNumbers.set(name, at);
      this.slots[at] = 0;
    }
    return at;
  };

  /** Counts one operand. */
  protected look(): void {
    if (this.operands !== undefined && ++this.seen > this.operands) throw new TooManyOperands();
  }

  /** Of several codes the one whose guard holds, the first where several do. */
  protected chooser(guards: readonly Condition[]): <T>(parts: readonly IndexCode<T>[]) => IndexCode<T> {
    if (guards.length === 1 && isAlways(guards[0]!)) return (parts) => parts[0]!;
    const holds = guards.map((g) => compileCondition(g, this.slot));
    return (parts) => (s) => {
      for (let k = 0; k < parts.length; k++) if (holds[k]!(s)) return parts[k]!(s);
      throw new Error("no case is selected");
    };
  }

  /** Visits the points of a reduction that its static filter keeps. */
  protected points(e: Reduce | Fold): (s: Slots, visit: () => void) => void {
    const dims = e.dims.map((d) => ({
      slot: this.slot(d.index),
      lo: compileIndex(d.lo, this.slot),
      hi: compileIndex(d.hi, this.slot),
    }));
    const keeps = isAlways(e.filter) ? undefined : compileCondition(e.filter, this.slot);
    return (s, visit) => {
      const walk = (d: number): void => {
        const dim = dims[d];
        if (dim === undefined) {
          this.look();
          if (keeps === undefined || keeps(s)) visit();
          return;
        }
        const hi = dim.hi(s);
        for (let i = dim.lo(s); i < hi; i++) {
          s[dim.slot] = i;
          walk(d + 1);
        }
      };
      walk(0);
    };
  }
}
