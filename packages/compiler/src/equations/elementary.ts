/**
 * exp, log, tanh, sin and cos in binary32, the same on every back end: fixed sequences of rounded + − × (tanh has one
 * division) and integer operations. Polynomials after Moshier's Cephes (1992); the reduction of sin and cos is Payne and
 * Hanek's (1983), exact for every argument. Measured errors: `docs/reference/elementary.md`.
 *
 * Each entry makes its function and refers to nothing outside, so that the emitter can print it into a module.
 */
export const elementary = {
  exp: () => {
    const f = Math.fround;
    const F = new Float32Array(1);
    const I = new Int32Array(F.buffer);
    const power = (n: number): number => {
      I[0] = (n + 127) << 23;
      return F[0]!;
    };
    return (x: number): number => {
      if (x !== x) return x;
      if (x > 88.72283935546875) return Number.POSITIVE_INFINITY;
      if (x < -103.97208404541016) return 0;
      const k = Math.floor(f(f(x * f(1.4426950408889634)) + 0.5));
      const r = f(f(x - f(k * 0.693145751953125)) - f(k * f(1.428606765330187e-6)));
      let p = f(1.98756915e-4);
      p = f(f(p * r) + f(1.3981999507e-3));
      p = f(f(p * r) + f(8.3334519073e-3));
      p = f(f(p * r) + f(4.1665795894e-2));
      p = f(f(p * r) + f(1.6666665459e-1));
      p = f(f(p * r) + f(5.0000001201e-1));
      const y = f(f(f(p * f(r * r)) + r) + 1);
      const half = k >> 1;
      return f(f(y * power(half)) * power(k - half));
    };
  },
  log: () => {
    const f = Math.fround;
    const F = new Float32Array(1);
    const I = new Int32Array(F.buffer);
    return (given: number): number => {
      if (given !== given || given < 0) return Number.NaN;
      if (given === 0) return Number.NEGATIVE_INFINITY;
      if (given === Number.POSITIVE_INFINITY) return given;
      let e = 0;
      let x = given;
      if (x < 1.1754943508222875e-38) {
        x = f(x * 8388608);
        e = -23;
      }
      F[0] = x;
      const bits = I[0]!;
      e += ((bits >> 23) & 255) - 126;
      I[0] = (bits & 0x7fffff) | 0x3f000000;
      let m = F[0]!;
      if (m < f(0.7071067811865476)) {
        e -= 1;
        m = f(f(m + m) - 1);
      } else m = f(m - 1);
      const z = f(m * m);
      let p = f(7.0376836292e-2);
      p = f(f(p * m) - f(1.151461031e-1));
      p = f(f(p * m) + f(1.167699874e-1));
      p = f(f(p * m) - f(1.2420140846e-1));
      p = f(f(p * m) + f(1.4249322787e-1));
      p = f(f(p * m) - f(1.6668057665e-1));
      p = f(f(p * m) + f(2.0000714765e-1));
      p = f(f(p * m) - f(2.4999993993e-1));
      p = f(f(p * m) + f(3.3333331174e-1));
      let y = f(f(m * z) * p);
      y = f(y + f(e * f(-2.121944400546906e-4)));
      y = f(y - f(0.5 * z));
      return f(f(m + y) + f(e * 0.693359375));
    };
  },
  tanh: () => {
    const f = Math.fround;
    const F = new Float32Array(1);
    const I = new Int32Array(F.buffer);
    return (x: number): number => {
      if (x !== x) return x;
      const a = Math.abs(x);
      if (a < 0.625) {
        const z = f(x * x);
        let p = f(-5.70498872745e-3);
        p = f(f(p * z) + f(2.06390887954e-2));
        p = f(f(p * z) - f(5.37397155531e-2));
        p = f(f(p * z) + f(1.33314422036e-1));
        p = f(f(p * z) - f(3.33332819422e-1));
        return f(f(f(p * z) * x) + x);
      }
      if (a > 9.1) return x < 0 ? -1 : 1;
      // exp(2a), by the same sequence as exp; 2a lies in [1.25, 18.2].
      const w = f(a + a);
      const k = Math.floor(f(f(w * f(1.4426950408889634)) + 0.5));
      const r = f(f(w - f(k * 0.693145751953125)) - f(k * f(1.428606765330187e-6)));
      let p = f(1.98756915e-4);
      p = f(f(p * r) + f(1.3981999507e-3));
      p = f(f(p * r) + f(8.3334519073e-3));
      p = f(f(p * r) + f(4.1665795894e-2));
      p = f(f(p * r) + f(1.6666665459e-1));
      p = f(f(p * r) + f(5.0000001201e-1));
      I[0] = (k + 127) << 23;
      const e = f(f(f(f(p * f(r * r)) + r) + 1) * F[0]!);
      const t = f(1 - f(2 / f(e + 1)));
      return x < 0 ? -t : t;
    };
  },
  sin: () => trigonometric(0),
  cos: () => trigonometric(1),
} as const;

/** sin for 0, cos for 1: the quadrant it starts from. */
function trigonometric(start: 0 | 1): (x: number) => number {
  const f = Math.fround;
  const F = new Float32Array(1);
  const I = new Int32Array(F.buffer);
  // 2/π after a word of zeros, in pieces of 16 bits.
  const TWO_OVER_PI = [
    0, 0, 0xa2f9, 0x836e, 0x4e44, 0x1529, 0xfc27, 0x57d1, 0xf534, 0xddc0, 0xdb62, 0x9599, 0x3c43, 0x9041,
    0xfe51, 0x63ab, 0xdebb, 0xc561,
  ];
  return (x: number): number => {
    if (!(Math.abs(x) < Number.POSITIVE_INFINITY)) return Number.NaN;
    let quadrant = start as number;
    let r = x;
    if (Math.abs(x) > f(0.7853981633974483)) {
      F[0] = x;
      const bits = I[0]!;
      const e = ((bits >> 23) & 255) - 150;
      const m = (bits & 0x7fffff) | 0x800000;
      // x = m 2^e. Bits of 2/π above 2^(2-e) only add multiples of four quadrants: the window starts below them.
      const skip = e - 2 + 32;
      const first = skip >> 4;
      const shift = skip & 15;
      // The low 96 bits of m times a window of 96 bits of 2/π.
      const v = [0, 0, 0, 0, 0, 0];
      let carry = 0;
      for (let k = 5; k >= 0; k--) {
        const piece =
          (((TWO_OVER_PI[first + k]! << 16) | TWO_OVER_PI[first + k + 1]!) >>> (16 - shift)) & 0xffff;
        const t = m * piece + carry;
        v[k] = t % 65536;
        carry = Math.floor(t / 65536);
      }
      quadrant += v[0]! >> 14;
      let negative = x < 0;
      v[0] = v[0]! & 0x3fff;
      // Round to the nearest quadrant: the fraction becomes signed.
      if (v[0]! >= 0x2000) {
        quadrant += 1;
        negative = !negative;
        let borrow = 0;
        for (let k = 5; k >= 0; k--) {
          const t = 0 - v[k]! - borrow;
          borrow = t < 0 ? 1 : 0;
          v[k] = t & 0xffff;
        }
        v[0] = v[0]! & 0x3fff;
      }
      if (x < 0) quadrant = start === 0 ? 4 - (quadrant & 3) : 1 - (quadrant - 1);
      // The leading 32 bits of the fraction: M 2^-scale.
      let at = 0;
      while (at < 3 && v[at] === 0) at++;
      const top = Math.clz32(v[at]!) - 16;
      const high = ((v[at]! << 16) | v[at + 1]!) >>> 0;
      const low = (v[at + 2]! << 16) | (v[at + 3] ?? 0);
      const M = top === 0 ? high : ((high << top) | (low >>> (32 - top))) >>> 0;
      const scale = 16 * at + 32 + top - 2;
      I[0] = (127 - scale + 8) << 23;
      const a = f((M >>> 8) * F[0]!);
      I[0] = (127 - scale) << 23;
      const b = f((M & 255) * F[0]!);
      r = f(f(a * f(1.5707963267948966)) + f(f(a * f(-4.371139000186241e-8)) + f(b * f(1.5707963267948966))));
      if (negative) r = -r;
    }
    const z = f(r * r);
    let y: number;
    if (quadrant & 1) {
      let p = f(2.443315711809948e-5);
      p = f(f(p * z) - f(1.388731625493765e-3));
      p = f(f(p * z) + f(4.166664568298827e-2));
      y = f(f(f(f(p * z) * z) - f(0.5 * z)) + 1);
    } else {
      let p = f(-1.9515295891e-4);
      p = f(f(p * z) + f(8.3321608736e-3));
      p = f(f(p * z) - f(1.6666654611e-1));
      y = f(f(f(p * z) * r) + r);
    }
    return quadrant & 2 ? -y : y;
  };
}

export type ElementaryName = keyof typeof elementary;

/** The text of a JS expression that evaluates to the function, for emitted modules. */
export function elementarySource(name: ElementaryName): string {
  if (name === "sin" || name === "cos") return `(${trigonometric.toString()})(${name === "sin" ? 0 : 1})`;
  return `(${elementary[name].toString()})()`;
}
