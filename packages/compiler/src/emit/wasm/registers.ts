/** Values that turns of a loop leave to the next ones in locals: see `schedule/carried.ts`. */
import { index as indexOf, integer } from "../../equations/build";
import { substituteIndex } from "../../equations/conditions";
import type { Dim, IndexExpr, Read } from "../../equations/system";
import { componentsOf } from "../../equations/values";
import { type Carried, carriedIn, type Loop, turnsBack } from "../../schedule/carried";
import { type Code, w } from "./encode";
import { machine, Scope, type Value } from "./frame";
import { Storage } from "./storage";

interface Held extends Carried {
  readonly loops: readonly Loop[];
  /** By how many turns ago, point and component. */
  readonly locals: readonly (readonly (readonly number[])[])[];
}

export abstract class Registers extends Storage {
  /** Loops around the code under construction, the outermost first. */
  protected loops: readonly Loop[] = [];
  private held: ReadonlyMap<string, Held> = new Map();

  /** The body of a loop: what it carries is in locals there. `before` runs first, where the loop starts in the middle of its range. */
  protected carrying(
    loop: Loop,
    start: Code | undefined,
    scope: Scope,
    body: (shift: () => Code) => void,
  ): void {
    const [loops, held] = [this.loops, this.held];
    this.loops = [...loops, loop];
    const here = new Map<string, Held>();
    for (const [name, carried] of carriedIn(this.loops, this.families)) {
      if (this.packed.has(name)) continue;
      const { type } = carried.family;
      const locals = Array.from({ length: carried.turns + 1 }, () =>
        carried.points.map(() =>
          Array.from({ length: componentsOf(type) }, () => this.f.local(machine(type))),
        ),
      );
      here.set(name, { ...carried, loops: this.loops, locals });
    }
    if (start !== undefined) for (const h of here.values()) this.fetch(h, loop, start, scope);
    this.held = new Map([...held, ...here]);
    body(() =>
      [...here.values()].flatMap(({ locals }) =>
        locals.slice(1).flatMap((_, k) => {
          const back = locals.length - 1 - k;
          return locals[back]!.flatMap((point, p) =>
            point.flatMap((local, c) => w.set(local, w.get(locals[back - 1]![p]![c]!))),
          );
        }),
      ),
    );
    [this.loops, this.held] = [loops, held];
  }

  protected carries(loop: Loop): boolean {
    return carriedIn([...this.loops, loop], this.families).size > 0;
  }

  /** Loads what turns before `start` left in memory, as far as there were any. */
  private fetch(held: Held, loop: Loop, start: Code, scope: Scope): void {
    const { family, dim, open, points, locals } = held;
    const { offset } = loop.members.get(family.name)!;
    const range = family.dims[dim]!;
    const bounds = this.bounds(range, scope);
    for (let back = 1; back < locals.length; back++) {
      const time = w.sub(start, w.i32(back));
      const own = loop.direction === 1 ? w.sub(time, w.i32(offset)) : w.sub(w.i32(offset), time);
      const at = this.keep(scope, "i32", own);
      const there = new Scope(scope, true);
      const local = this.f.local("i32");
      there.add(w.set(local, at));
      there.names.set(range.index, { local, plus: 0, range: bounds.range, scope: there });
      points.forEach((point, p) => {
        const places = family.dims.map((d, k): IndexExpr => {
          const number = point[open.indexOf(k)];
          return number === undefined ? indexOf(d.index) : integer(number);
        });
        const place = this.address(family, places, there);
        locals[back]![p]!.forEach((l, c) => {
          there.add(w.set(l, this.load(family, place, c)));
        });
      });
      scope.add(w.if(w.and(w.le(bounds.lo, at), w.lt(at, bounds.hi)), there.code));
    }
  }

  /** Whether a dimension's instances are computed one after the other, each with a place in a register. */
  protected writtenOut(family: string, d: Dim): readonly number[] | undefined {
    const held = this.held.get(family);
    if (held === undefined || d.lo.kind !== "integer" || d.hi.kind !== "integer") return undefined;
    const lo = d.lo.value;
    return Array.from({ length: d.hi.value - lo }, (_, k) => lo + k);
  }

  private point(held: Held, places: readonly IndexExpr[], scope: Scope): number {
    const numbers = places.map((e) => {
      const known = new Map<string, IndexExpr>();
      for (let s: Scope | undefined = scope; s !== undefined; s = s.outer)
        for (const [name, { value }] of s.names)
          if (value !== undefined && !known.has(name)) known.set(name, integer(value));
      const settled = substituteIndex(e, known);
      return settled.kind === "integer" ? settled.value : Number.NaN;
    });
    return held.points.findIndex((p) => p.every((n, k) => n === numbers[k]));
  }

  /** The value of a read that an earlier turn, or this one, left in locals. */
  protected heldAt(e: Read, scope: Scope): readonly Value[] | undefined {
    const held = this.held.get(e.family);
    if (held === undefined || this.element === undefined || this.unproved.has(e)) return undefined;
    const back = turnsBack(e, this.element, held, held.loops);
    if (back === undefined || back > held.turns || held.loops.length !== this.loops.length) return undefined;
    const places = held.open.map((d) => (e.at[d] as { readonly value: IndexExpr }).value);
    const locals = held.locals[back]![this.point(held, places, scope)];
    const type = machine(held.family.type);
    return locals?.map((l) => ({ code: w.get(l), type, scope }));
  }

  /** Leaves the values of an instance to the turns that follow. */
  protected hold(family: string, values: readonly Code[], scope: Scope): void {
    const held = this.held.get(family);
    if (held === undefined) return;
    const places = held.open.map((d) => indexOf(held.family.dims[d]!.index));
    const locals = held.locals[0]![this.point(held, places, scope)]!;
    locals.forEach((l, c) => {
      scope.add(w.set(l, values[c]!));
    });
  }
}
