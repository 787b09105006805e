/**
 * Panels: what a reduction in several rows reads alike in all of them is computed once, for the columns side by side, and laid out in
 * the order in which every row then loads it (packing: Goto and van de Geijn, 2008). So columns that lie far apart are gathered once,
 * not in every row.
 */
import { childrenOf, someExpr, typeOf } from "../../equations/build";
import { changesWith } from "../../equations/mentions";
import type { Dim, Expr, Reduce } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { type Code, w } from "./encode";
import { Scope, type Value } from "./frame";
import { Lanes } from "./lanes";

const VECTOR = 16;

interface Panel {
  /** The local that holds its address. */
  readonly start: number;
  readonly held: readonly Expr[];
}

/** What one reduction takes from a panel, turn by turn. */
export interface PanelReader {
  /** Names what the panel holds for the turn that is `ahead` of the current one. */
  readonly at: (turn: Scope, ahead: number) => void;
  /** Goes on by so many turns. */
  readonly next: (turns: number) => Code;
}

export abstract class Panels extends Lanes {
  private readonly panels = new Map<Reduce, Panel>();

  /** The largest parts of a reduction's body that change from lane to lane and from turn to turn, but not from row to row, and cannot fail. */
  private alikeInRows(e: Reduce, row: string): readonly Expr[] {
    const certain = (x: Expr): boolean =>
      !someExpr(x, (y) => {
        switch (y.kind) {
          case "constant":
          case "index-value":
          case "apply":
          case "select":
          case "vector":
          case "component":
            return false;
          case "read":
            return !this.always(y, this.families.get(y.family)!, e.dims);
          default:
            return true;
        }
      });
    const found = new Set<Expr>();
    const walk = (x: Expr): void => {
      if (!changesWith(x, this.four!) || x.kind === "reduce" || x.kind === "fold" || x.kind === "choose")
        return;
      const alike = !changesWith(x, row) && e.dims.some((d) => changesWith(x, d.index));
      if (alike && x.kind !== "index-value" && certain(x)) found.add(x);
      else childrenOf(x).forEach(walk);
    };
    walk(e.body);
    return [...found];
  }

  /** Lays out panels for reductions that several rows run over; each column's scope is given. */
  protected pack(reductions: readonly Reduce[], row: string, columns: readonly Scope[], scope: Scope): void {
    const free = this.parameter({ kind: "free" }, scope);
    const at = this.f.local("i32");
    scope.add(w.set(at, free));
    for (const e of reductions) {
      const held = this.alikeInRows(e, row);
      if (held.length === 0) continue;
      const start = this.f.local("i32");
      scope.add(w.set(start, w.get(at)));
      const bytes = VECTOR * columns.length * held.reduce((sum, x) => sum + componentsOf(typeOf(x)), 0);
      const saved = this.ranges;
      this.ranges = [...this.ranges, ...e.dims];
      const last = e.dims.at(-1)!;
      this.nested(e.dims.slice(0, -1), scope, (outer) => {
        this.makeRoom(w.get(at), last, bytes, outer);
        this.nested([last], outer, (turn) => {
          let offset = 0;
          for (const x of held)
            for (const column of columns) {
              const own = new Scope(turn, false, column);
              own.names.set(this.four!, column.binding(this.four!));
              this.fourScope = column;
              const values = this.expr(x, own);
              turn.add(own.code);
              for (const v of values) {
                turn.add(w.v128Store(offset, w.get(at), this.inLanes(v, typeOf(x))));
                offset += VECTOR;
              }
            }
          turn.add(w.set(at, w.add(w.get(at), w.i32(bytes))));
        });
      });
      this.ranges = saved;
      this.panels.set(e, { start, held });
    }
  }

  protected unpack(): void {
    this.panels.clear();
  }

  /** Memory for a range's turns of so many bytes each. */
  private makeRoom(at: Code, { lo, hi }: Dim, bytes: number, scope: Scope): void {
    const turns = w.i64Sub(this.wide(hi, scope), this.wide(lo, scope));
    const end = w.i64Add(w.extendU(at), w.i64Mul(turns, w.i64(bytes)));
    // What comes last may be written to the end of its vector.
    const pages = this.keep(scope, "i32", w.wrap(w.i64ShrU(w.i64Add(end, w.i64(2 ** 17)), w.i64(16))));
    scope.add(
      w.if(
        w.gt(pages, w.memorySize),
        w.if(w.eq(w.memoryGrow(w.sub(pages, w.memorySize)), w.i32(-1)), [
          ...w.call(0, w.i32(this.site({ code: "too-large", rank: 0, message: "memory is full" }))),
          ...w.unreachable,
        ]),
      ),
    );
  }

  /** Where a reduction finds its panel, if it has one. */
  protected panelOf(e: Reduce, columns: readonly Scope[], scope: Scope): PanelReader | undefined {
    const panel = this.panels.get(e);
    if (panel === undefined) return undefined;
    const at = this.f.local("i32");
    scope.add(w.set(at, w.get(panel.start)));
    const widths = panel.held.map((x) => componentsOf(typeOf(x)));
    const bytes = VECTOR * columns.length * widths.reduce((a, b) => a + b);
    return {
      at: (turn, ahead) => {
        let offset = ahead * bytes;
        panel.held.forEach((x, k) => {
          for (const column of columns) {
            const values = Array.from({ length: widths[k]! }, (): Value => {
              const code = this.keep(turn, "v128", w.v128Load(offset, w.get(at)));
              offset += VECTOR;
              return { code, type: "v128", scope: turn };
            });
            turn.memo.set(column.own(x), values);
          }
        });
      },
      next: (turns) => w.set(at, w.add(w.get(at), w.i32(turns * bytes))),
    };
  }
}
