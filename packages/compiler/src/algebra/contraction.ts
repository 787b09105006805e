/**
 * Steps over reals that bring states together: where |step(h) − step(h')| ≤ ρ |h − h'| in the largest-component norm with ρ < 1, the last
 * ceil(log(D/ε)/log(1/ρ)) inputs decide the state within ε, D being its diameter (catalogue C.29). A statement about the real function; the
 * rounded one may differ by its rounding errors, and exact outputs are not covered.
 */
import { childrenOf } from "../equations/build";
import { evaluateIndex, IndexFault } from "../equations/evaluate-index";
import type { Dim, Expr, Read, System } from "../equations/system";
import { type Recurrence, stateRead } from "./recurrence";

export interface Contraction {
  /** ρ: an upper bound, below 1. */
  readonly factor: number;
  /** The new state has absolute value at most this, whatever the old one; undefined where none is seen. */
  readonly bound: number | undefined;
}

/** A bound that is the sum of many rounded products is raised by this much, so that it stays a bound. */
const SLACK = 1 + 1e-9;

/** The contraction factor of a step over reals, or undefined where none below 1 is proved. */
export function contraction(system: System, r: Recurrence): Contraction | undefined {
  if (r.steps === undefined || r.state.some((s) => s.type.kind !== "real")) return undefined;
  let factor = 0;
  let bound: number | undefined = 0;
  for (const s of r.steps) {
    const family = system.families.find((f) => f.name === s.family)!;
    const time = family.dims[r.axis.get(s.family)!]!.index;
    const bounds = new Bounds(system, (read) => stateRead(r, time, read) !== undefined);
    if (s.role === "step") factor = Math.max(factor, bounds.lipschitz(s.value));
    const most = bounds.magnitude(s.value);
    bound = bound === undefined || most === Number.POSITIVE_INFINITY ? undefined : Math.max(bound, most);
  }
  return factor * SLACK < 1 ? { factor: factor * SLACK, bound } : undefined;
}

const many = Number.POSITIVE_INFINITY;
/** 0 · ∞ is 0 here: what is multiplied by nothing does not count. */
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);

class Bounds {
  private readonly known = new Map<Expr, boolean>();

  constructor(
    private readonly system: System,
    private readonly isState: (read: Read) => boolean,
  ) {}

  private dependent(e: Expr): boolean {
    let known = this.known.get(e);
    if (known === undefined) {
      known = (e.kind === "read" && this.isState(e)) || childrenOf(e).some((c) => this.dependent(c));
      this.known.set(e, known);
    }
    return known;
  }

  /** |e(h) − e(h')| is at most this times the largest |h_k − h'_k|. */
  lipschitz(e: Expr): number {
    if (!this.dependent(e)) return 0;
    const go = (x: Expr) => this.lipschitz(x);
    switch (e.kind) {
      case "read":
        return e.at.some((s) => s.kind === "dynamic" && this.dependent(s.value)) ? many : 1;
      case "select":
        return this.dependent(e.condition) ? many : Math.max(go(e.then), go(e.otherwise));
      case "choose":
        return Math.max(...e.cases.map((c) => go(c.value)));
      case "reduce": {
        if (e.dataFilter !== undefined && this.dependent(e.dataFilter)) return many;
        if (e.op === "max" || e.op === "min") return go(e.body);
        return e.op === "sum" ? times(countOf(e.dims), go(e.body)) : many;
      }
      case "apply":
        break;
      default:
        return many;
    }
    if (e.type.kind !== "real") return many;
    const [a, b, c] = e.args;
    switch (e.op) {
      case "add":
      case "sub":
        return go(a!) + go(b!);
      case "neg":
      case "abs":
      case "tanh":
      case "sin":
      case "cos":
        return go(a!);
      case "max":
      case "min":
        return Math.max(go(a!), go(b!));
      case "clamp":
        return Math.max(go(a!), go(b!), go(c!));
      case "mul":
        return times(this.magnitude(a!), go(b!)) + times(this.magnitude(b!), go(a!));
      case "divide": {
        const by = b!.kind === "constant" ? Math.abs(b!.value) : 0;
        return by === 0 ? many : go(a!) / by;
      }
      default:
        return many;
    }
  }

  /** The absolute value is at most this, for all states and inputs. */
  magnitude(e: Expr): number {
    const go = (x: Expr) => this.magnitude(x);
    switch (e.kind) {
      case "constant":
        return Number.isNaN(e.value) ? many : Math.abs(e.value);
      case "read":
        return this.system.families.find((f) => f.name === e.family)?.role === "random" ? 1 : many;
      case "select":
        return Math.max(go(e.then), go(e.otherwise));
      case "choose":
        return Math.max(...e.cases.map((c) => go(c.value)));
      case "reduce":
        return e.op === "sum" ? times(countOf(e.dims), go(e.body)) : many;
      case "apply":
        break;
      default:
        return many;
    }
    const [a, b, c] = e.args;
    switch (e.op) {
      case "add":
      case "sub":
        return go(a!) + go(b!);
      case "mul":
        return times(go(a!), go(b!));
      case "neg":
      case "abs":
        return go(a!);
      case "tanh":
      case "sin":
      case "cos":
      case "sign":
        return 1;
      case "max":
      case "min":
        return Math.max(go(a!), go(b!));
      case "clamp":
        return Math.max(go(b!), go(c!));
      case "to-real": {
        const [of] = e.args;
        return of!.kind === "apply" &&
          of!.op === "to-int" &&
          of!.args[0]!.kind === "read" &&
          of!.args[0]!.type.kind === "bit"
          ? 1
          : many;
      }
      default:
        return many;
    }
  }
}

/** Points of literal ranges; ∞ where sizes decide. */
function countOf(dims: readonly Dim[]): number {
  const unknown = (): number => {
    throw new IndexFault("a size");
  };
  try {
    return dims.reduce(
      (n, d) => n * Math.max(0, evaluateIndex(d.hi, unknown) - evaluateIndex(d.lo, unknown)),
      1,
    );
  } catch (error) {
    if (error instanceof IndexFault) return many;
    throw error;
  }
}
