/**
 * Scans with work in proportion to their length. As equations a scan is that of Kogge and Stone: log2(n) levels of n operations each.
 * Where the operation is exactly associative, blocks of places are run through one after another (a lane a block), the totals of
 * blocks are scanned as before, and each place is put together with what stands before its block (reduce, then scan: Blelloch, 1990): about
 * 2n operations, and the same bits.
 */
import * as build from "../equations/build";
import { substitute } from "../equations/conditions";
import { readsOf, rewriteExpr } from "../equations/expressions";
import type {
  Condition,
  Dim,
  Expr,
  Family,
  IndexExpr,
  Piece,
  Read,
  Subscript,
  System,
} from "../equations/system";
import { type Scan, type ScanHypotheses, scanOf, staticAt } from "./scan-shape";

export interface ScanOptions extends ScanHypotheses {
  /** Places that one lane runs through. */
  readonly block: number;
}

export function splitScans(system: System, options: ScanOptions): System {
  let current = system;
  for (const family of system.families) {
    const scan = scanOf(current, family.name, options);
    if (scan !== undefined) current = new BlockedScan(current, scan, options.block).split();
  }
  return current;
}

const zero = build.integer(0);
const one = build.integer(1);
const fixed = (value: IndexExpr): Subscript => ({ kind: "static", value });
const piece = (guard: Condition, value: Expr): Piece => ({ guard, value });

/** What takes the place of one family of a scan. */
interface Blocked {
  readonly family: Family;
  /** Its dimension of places, and those that are neither levels nor places. */
  readonly along: Dim;
  readonly others: readonly Dim[];
  /** Names of the new families. */
  readonly element: string;
  readonly local: string;
  readonly totals: string;
  readonly whole: string;
  /** One small expression of the place alone: written where it is needed, not stored. */
  readonly inline: ((index: IndexExpr) => Expr) | undefined;
}

/** Reads a member's value somewhere else, given all subscripts but level and place. */
type Reader = (x: Read, at: readonly Subscript[]) => Expr;

class BlockedScan {
  private readonly blocked: ReadonlyMap<string, Blocked>;
  private readonly size: IndexExpr;
  private readonly extent: IndexExpr;
  private readonly blocks: IndexExpr;

  constructor(
    private readonly system: System,
    private readonly scan: Scan,
    private readonly block: number,
  ) {
    const names = new Set(system.families.map((f) => f.name));
    const fresh = (name: string): string => {
      let made = name;
      while (names.has(made)) made += "'";
      names.add(made);
      return made;
    };
    this.blocked = new Map(
      scan.families.map((family) => {
        const axis = scan.axis.get(family.name)!;
        const names = {
          element: fresh(`${family.name}.element`),
          local: fresh(`${family.name}.local`),
          totals: fresh(`${family.name}.totals`),
          whole: fresh(`${family.name}.whole`),
        };
        const along = family.dims[axis]!;
        const others = family.dims.filter((_, k) => k !== 0 && k !== axis);
        return [family.name, { family, along, others, ...names, inline: inlineElement(family, along) }];
      }),
    );
    this.size = build.integer(block);
    this.extent = build.sub(scan.range.hi, scan.range.lo);
    this.blocks = build.div(build.add(this.extent, build.integer(block - 1)), this.size);
  }

  split(): System {
    const { families } = this.system;
    const made = [...this.blocked.values()].flatMap((b): Family[] => {
      const steps = [this.local(b), this.totals(b), this.whole(b)];
      return b.inline === undefined ? [elements(b), ...steps] : steps;
    });
    const first = families.findIndex((f) => this.blocked.has(f.name));
    const left = families
      .filter((f) => !this.blocked.has(f.name))
      .map((f) => ({ ...f, pieces: f.pieces.map((p) => ({ ...p, value: this.fromOutside(p.value) })) }));
    return { ...this.system, families: [...left.slice(0, first), ...made, ...left.slice(first)] };
  }

  /** Place j of block b with all before it in its block. */
  private local(own: Blocked): Family {
    const [j, b] = [`${own.local} j`, `${own.local} b`];
    const [J, B] = [build.index(j), build.index(b)];
    const place = build.add(build.mul(B, this.size), J);
    const before = this.readLocal(build.sub(J, one), B);
    return {
      ...own.family,
      name: own.local,
      dims: [{ index: j, lo: zero, hi: this.size }, { index: b, lo: zero, hi: this.blocks }, ...own.others],
      pieces: [
        piece([[build.compare("==", J, zero)]], this.here(own, this.readElement(build.mul(B, this.size)))),
        piece(
          [[build.compare("<", place, this.extent)]],
          this.operation(own, before, this.readElement(place)),
        ),
        piece(build.always, this.here(own, before)),
      ],
    };
  }

  /** The scan of Kogge and Stone over what whole blocks come to. */
  private totals(own: Blocked): Family {
    const [r, b] = [`${own.totals} r`, `${own.totals} b`];
    const [R, B] = [build.index(r), build.index(b)];
    const lower = build.sub(R, one);
    const stride = build.pow2(lower);
    const here = this.readTotals(lower, B);
    return {
      ...own.family,
      name: own.totals,
      dims: [
        { index: r, lo: zero, hi: build.add(build.log2(this.blocks), one) },
        { index: b, lo: zero, hi: this.blocks },
        ...own.others,
      ],
      pieces: [
        piece(
          [[build.compare("==", R, zero)]],
          this.here(own, this.readLocal(build.integer(this.block - 1), B)),
        ),
        piece(
          [[build.compare("<=", stride, B)]],
          this.operation(own, this.readTotals(lower, build.sub(B, stride)), here),
        ),
        piece(build.always, this.here(own, here)),
      ],
    };
  }

  /** A place with all before it: what stands before its block, then what stands before it there. */
  private whole(own: Blocked): Family {
    const at = this.placeOf(build.index(own.along.index));
    const [inside, which] = [build.mod(at, this.size), build.div(at, this.size)];
    const before = this.readTotals(build.log2(this.blocks), build.sub(which, one));
    return {
      ...own.family,
      name: own.whole,
      dims: [own.along, ...own.others],
      pieces: [
        piece([[build.compare("<", at, this.size)]], this.here(own, this.readLocal(at, zero))),
        piece(build.always, this.operation(own, before, this.readLocal(inside, which))),
      ],
    };
  }

  // Reads

  /** A family's own value somewhere else. */
  private here({ family, others }: Blocked, reader: Reader): Expr {
    const subscripts = family.dims.map((d) => fixed(build.index(d.index)));
    const self = build.read(family.name, subscripts, family.type) as Read;
    return reader(
      self,
      others.map((d) => fixed(build.index(d.index))),
    );
  }

  /** The operation of a family with what stands on its left and right in place of its reads of members. */
  private operation({ family, along }: Blocked, left: Reader, right: Reader): Expr {
    const place = build.index(along.index);
    const visit = (e: Expr): Expr =>
      rewriteExpr(e, (x) => {
        if (x.kind !== "read") return undefined;
        const axis = this.scan.axis.get(x.family)!;
        return (staticAt(x, axis) === place ? right : left)(x, this.otherSubscripts(x, visit));
      });
    return visit(family.pieces.at(-2)!.value);
  }

  private otherSubscripts(x: Read, visit: (e: Expr) => Expr): Subscript[] {
    const axis = this.scan.axis.get(x.family)!;
    return x.at.flatMap((s, k) => {
      if (k === 0 || k === axis) return [];
      return [s.kind === "static" ? s : { ...s, value: visit(s.value) }];
    });
  }

  private readElement(place: IndexExpr): Reader {
    const index = this.indexAt(place);
    return (x, at) => {
      const { inline, element } = this.blocked.get(x.family)!;
      return inline?.(index) ?? build.read(element, [fixed(index), ...at], x.type);
    };
  }

  private readLocal(j: IndexExpr, b: IndexExpr): Reader {
    return (x, at) => build.read(this.blocked.get(x.family)!.local, [fixed(j), fixed(b), ...at], x.type);
  }

  private readTotals(r: IndexExpr, b: IndexExpr): Reader {
    return (x, at) => build.read(this.blocked.get(x.family)!.totals, [fixed(r), fixed(b), ...at], x.type);
  }

  private fromOutside(e: Expr): Expr {
    return rewriteExpr(e, (x) => {
      const own = x.kind === "read" ? this.blocked.get(x.family) : undefined;
      if (x.kind !== "read" || own === undefined) return undefined;
      const place = x.at[this.scan.axis.get(x.family)!]!;
      const others = this.otherSubscripts(x, (value) => this.fromOutside(value));
      return build.read(own.whole, [place, ...others], x.type, x.origin);
    });
  }

  /** The index of a place counted in the order of the scan, and back. */
  private indexAt(place: IndexExpr): IndexExpr {
    const { range, direction } = this.scan;
    return direction === 1 ? build.add(range.lo, place) : build.sub(build.sub(range.hi, one), place);
  }

  private placeOf(index: IndexExpr): IndexExpr {
    const { range, direction } = this.scan;
    return direction === 1 ? build.sub(index, range.lo) : build.sub(build.sub(range.hi, one), index);
  }
}

/** The elements of a scan: its equations of level 0. */
function elements({ family, along, others, element }: Blocked): Family {
  const level = family.dims[0]!.index;
  const atZero = new Map([[level, zero]]);
  const pieces = family.pieces.slice(0, -2).map((p) => ({
    ...p,
    guard: p.guard.map((all) => all.filter((c) => !(c.op === "==" && c.left === build.index(level)))),
    value: substitute(p.value, atZero),
  }));
  return { ...family, name: element, dims: [along, ...others], pieces };
}

function inlineElement(family: Family, along: Dim): Blocked["inline"] {
  const start = family.pieces[0]!.value;
  const plain =
    family.pieces.length === 3 &&
    family.dims.length === 2 &&
    readsOf(start).length <= 2 &&
    !build.someExpr(start, (e) => e.kind === "reduce" || e.kind === "fold" || e.kind === "choose");
  const level = family.dims[0]!.index;
  const at = (i: IndexExpr) =>
    new Map([
      [level, zero],
      [along.index, i],
    ]);
  return plain ? (i) => substitute(start, at(i)) : undefined;
}
