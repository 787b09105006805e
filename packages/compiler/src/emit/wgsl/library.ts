/**
 * WGSL functions with the meaning of `operators.ts`, `elementary.ts` and `random.ts`. A module carries those it uses.
 *
 * WGSL leaves open what happens on division by zero, on INT_MIN / −1, on signs of zero and on NaN, and it rejects constants that
 * overflow; so those cases are worked out on bits here, and NaN and ∞ come from outside (`P`) as bits.
 */
const EXP_POLYNOMIAL = `
  var p = fromBits(0x39506967u);
  p = fadd(fmul(p, r), 1.3981999507e-3f);
  p = fadd(fmul(p, r), 8.3334519073e-3f);
  p = fadd(fmul(p, r), 4.1665795894e-2f);
  p = fadd(fmul(p, r), 1.6666665459e-1f);
  p = fadd(fmul(p, r), 5.0000001201e-1f);`;

/** 2/π after a word of zeros, in pieces of 16 bits. */
const TWO_OVER_PI = [
  0, 0, 0xa2f9, 0x836e, 0x4e44, 0x1529, 0xfc27, 0x57d1, 0xf534, 0xddc0, 0xdb62, 0x9599, 0x3c43, 0x9041,
  0xfe51, 0x63ab, 0xdebb, 0xc561,
];

const functions: Readonly<Record<string, string>> = {
  fromBits: "fn fromBits(b: u32) -> f32 { return bitcast<f32>(b); }",
  nan: "fn nan() -> f32 { return bitcast<f32>(P.nan); }",
  inf: "fn inf() -> f32 { return bitcast<f32>(P.inf); }",
  isNan: "fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }",
  // A kernel remembers its first fault and tells of it once, at its end: calls are inlined, and small ones keep compilation short.
  fault: `var<private> site = 0u;
var<private> values = array<i32, 8>();
fn fault(at: u32, found: array<i32, 8>) {
  if (site == 0u) { site = at + 1u; values = found; }
}`,
  tell: `fn tell() {
  if (site == 0u || atomicLoad(&F[0]) != 0u || atomicAdd(&F[0], 1u) != 0u) { return; }
  atomicStore(&F[1], site - 1u);
  for (var k = 0; k < 8; k++) { atomicStore(&F[2 + k], bitcast<u32>(values[k])); }
}`,
  // Without branches: inlined hundreds of times, branches took a software device minutes to compile.
  // Index expressions: exact; the host has shown that they fit 32 bits at these sizes.
  idiv: `fn idiv(a: i32, b: i32) -> i32 {
  site = select(site, max(site, 1u), b == 0);
  return vdiv(a, b);
}`,
  imod: `fn imod(a: i32, b: i32) -> i32 {
  site = select(site, max(site, 1u), b == 0);
  return vmod(a, b);
}`,
  ilog2: "fn ilog2(x: i32) -> i32 { return select(0, 32 - i32(countLeadingZeros(u32(x - 1))), x > 1); }",
  ipow2: `fn ipow2(x: i32) -> i32 {
  let outside = x < 0 || x > 30;
  site = select(site, max(site, 2u), outside);
  values[0] = select(values[0], x, outside);
  return select(1 << u32(x & 31), 0, outside);
}`,
  wpow2: `fn wpow2(x: i32) -> i32 {
  if (x < 0 || x > 52) { site = max(site, 2u); values[0] = x; return 0; }
  return select(0, 1 << u32(x & 31), x < 32);
}`,
  // By arithmetic that cannot be worked out, and its overflow rejected, before the run.
  least: "fn least() -> i32 { return bitcast<i32>(zero | 0x80000000u); }",
  addWraps: "fn addWraps(a: i32, b: i32) -> bool { let s = a + b; return ((a ^ s) & (b ^ s)) < 0; }",
  subWraps: "fn subWraps(a: i32, b: i32) -> bool { let s = a - b; return ((a ^ b) & (a ^ s)) < 0; }",
  mulWraps: `fn mulWraps(a: i32, b: i32) -> bool {
  let p = a * b;
  return b != 0 && (vdiv(p, b) != a || (a == least() && b == -1));
}`,
  divWraps: "fn divWraps(a: i32, b: i32) -> bool { return a == least() && b == -1; }",
  same: "fn same(x: i32) -> i32 { return x; }",
  // By a constant above 0.
  pdiv: "fn pdiv(a: i32, b: i32) -> i32 { let q = a / b; return select(q, q - 1, a < q * b); }",
  pmod: "fn pmod(a: i32, b: i32) -> i32 { let r = a % b; return select(r, r + b, r < 0); }",
  // Lanes of a word: the one of this number, if there is one, and those before it.
  lane: "fn lane(k: i32) -> u32 { return select(0u, 1u << u32(k & 31), k >= 0 && k < 32); }",
  below:
    "fn below(k: i32) -> u32 { return select(select((1u << u32(k & 31)) - 1u, 0xffffffffu, k >= 32), 0u, k <= 0); }",
  around: "fn around(i: i32, n: i32) -> i32 { if (u32(i) < u32(n)) { return i; } return pmod(i, n); }",
  vdiv: `fn vdiv(a: i32, b: i32) -> i32 {
  let d = select(b, 1, b == 0 || b == -1);
  let q = a / d;
  let floored = select(q, q - 1, q * d != a && (a < 0) != (d < 0));
  return select(select(floored, 0 - a, b == -1), 0, b == 0);
}`,
  // A remainder by 1 is 0, as by −1 and, here, by 0.
  vmod: `fn vmod(a: i32, b: i32) -> i32 {
  let d = select(b, 1, b == 0 || b == -1);
  let r = a % d;
  return select(r, r + d, r != 0 && (r < 0) != (d < 0));
}`,
  trunc32: `fn trunc32(x: f32) -> i32 {
  let large = fabs(x) >= 2147483648.0f;
  let end = select(2147483647, least(), x < 0.0f);
  return select(select(i32(select(x, 0.0f, large | isNan(x))), end, large), 0, isNan(x));
}`,
  // Both halves are exact and their sum is rounded once; a conversion may be rounded either way.
  toReal: "fn toReal(x: i32) -> f32 { return f32(x >> 16u) * 65536.0f + f32(x & 0xffff); }",
  // Compilers fuse and rearrange: (a − b) + b became a, and ab + ac became a(b + c), on a software device. A result that passes
  // through a mask which only the host knows to be 0 cannot be seen through.
  opaque: "fn opaque(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ zero); }",
  fadd: "fn fadd(a: f32, b: f32) -> f32 { return opaque(a + b); }",
  fsub: "fn fsub(a: f32, b: f32) -> f32 { return opaque(a - b); }",
  fmul: "fn fmul(a: f32, b: f32) -> f32 { return opaque(a * b); }",
  fneg: "fn fneg(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) ^ 0x80000000u); }",
  fabs: "fn fabs(x: f32) -> f32 { return bitcast<f32>(bitcast<u32>(x) & 0x7fffffffu); }",
  // A sum with a zero that no compiler sees: −0 becomes 0.
  plusZero: "fn plusZero(x: f32) -> f32 { return x + bitcast<f32>(zero); }",
  // Bits in the order of the numbers, −0 before +0.
  key: "fn key(x: f32) -> i32 { let b = bitcast<i32>(x); return select(b, b ^ 0x7fffffff, b < 0); }",
  rmin: "fn rmin(a: f32, b: f32) -> f32 { return select(select(b, a, key(a) <= key(b)), nan(), isNan(a) | isNan(b)); }",
  rmax: "fn rmax(a: f32, b: f32) -> f32 { return select(select(b, a, key(a) >= key(b)), nan(), isNan(a) | isNan(b)); }",
  // From 2^23 on all numbers are whole; so are infinities, and what is no number stays.
  rfloor: `fn rfloor(x: f32) -> f32 {
  let b = bitcast<u32>(x);
  return select(floor(x), x, ((b & 0x7fffffffu) >= 0x4b000000u) | (b == 0x80000000u));
}`,
  // WGSL allows errors of 2.5 ulp in a division. So the device's quotient of the significands is put right in whole numbers: what is left over,
  // which wraps but is small, tells by how much it is off. A subnormal quotient is rounded by adding a number whose last place is its
  // own; ties go where what is left over says. No branches, no `||` (which is one: a software device compiled for minutes), no
  // counts of zeros and no shifts by data, which such a device computes a lane at a time.
  rdiv: `fn rdiv(a: f32, b: f32) -> f32 { // quotients: opaque(a / opaque(b))
  let x = bitcast<u32>(a) & 0x7fffffffu;
  let y = bitcast<u32>(b) & 0x7fffffffu;
  let smallX = x < 0x800000u;
  let smallY = y < 0x800000u;
  let n = select(x, bitcast<u32>(f32(i32(x))), smallX);
  let d = select(y, bitcast<u32>(f32(i32(y))), smallY);
  let above = (n & 0x7fffffu) | 0x800000u;
  let below = (d & 0x7fffffu) | 0x800000u;
  let less = above < below;
  let top = bitcast<f32>(above + 0x3f000000u);
  let divisor = bitcast<f32>(below + 0x3f000000u);
  let guess = bitcast<u32>(select(top, top + top, less) / divisor) - 0x3f000000u;
  let r = select(above, above + above, less) * 0x800000u - guess * below;
  let step = bitcast<u32>(fadd(f32(i32(r)) * 1.1920928955078125e-7f / divisor, 12582912.0f)) - 0x4b400000u;
  let left = i32(r - step * below);
  let off = u32(left + left > i32(below)) - u32(left + left < -i32(below));
  let q = guess + step + off;
  let rest = left - i32(off * below);
  let nField = n & 0x7f800000u;
  let dField = d & 0x7f800000u;
  let field = nField - dField + select(0x3f800000u, 0x3f000000u, less) + select(0u, 0x4a800000u, smallY) - select(0u, 0x4a800000u, smallX);
  let e = (f32(i32(nField)) - f32(i32(dField))) * 1.1920928955078125e-7f + (select(127.0f, 126.0f, less) + (select(0.0f, 149.0f, smallY) - select(0.0f, 149.0f, smallX)));
  let large = bitcast<f32>(0x4b800000u - field);
  let sum = fadd(large, f32(q));
  let over = fsub(f32(q), fsub(sum, large));
  let half = large * 5.9604644775390625e-8f;
  let rounded = bitcast<u32>(sum) - bitcast<u32>(large) + u32((over == half) & (rest > 0)) - u32((over == -half) & (rest < 0));
  var found = select(q + (field - 0x800000u), rounded, e < 1.0f);
  found = select(found, P.inf, (e >= 255.0f) | (x == 0x7f800000u) | (y == 0u));
  found = select(found, 0u, (e < -24.0f) | (x == 0u) | (y == 0x7f800000u));
  let none = (x > 0x7f800000u) | (y > 0x7f800000u) | ((x == y) & ((x == 0u) | (x == 0x7f800000u)));
  let sign = (bitcast<u32>(a) ^ bitcast<u32>(b)) & 0x80000000u;
  return bitcast<f32>(select(sign | found, P.nan, none));
}`,
  // The device's own root, put right in the same way: its square in whole numbers tells by how much it is off.
  rsqrt: `fn rsqrt(x: f32) -> f32 { // roots: opaque(sqrt(opaque(x)))
  let b = bitcast<u32>(x);
  let small = b < 0x800000u;
  let n = select(b, bitcast<u32>(2.0f * f32(i32(b))), small);
  let even = (n & 0x800000u) != 0u;
  let m = n & 0x7fffffu;
  let root = sqrt(bitcast<f32>(m | select(0x40000000u, 0x3f800000u, even)));
  let guess = bitcast<i32>(root) - 0x3f000000;
  let r = bitcast<i32>((m | 0x800000u) * select(0x1000000u, 0x800000u, even)) - guess * guess;
  let step = bitcast<i32>(fadd(f32(r) * 5.9604644775390625e-8f / root, 12582912.0f)) - 0x4b400000;
  let s = guess + step;
  let rest = r - step * (guess + s);
  let field = (n & 0x7f800000u) + select(0x3f000000u, 0x3f800000u, even) - select(0u, 0x4b000000u, small);
  let found = u32(s + i32(rest > s) - i32(rest <= -s)) + ((field >> 1u) - 0x800000u);
  let same = (b == 0u) | (b == 0x80000000u) | (b == 0x7f800000u);
  return bitcast<f32>(select(select(found, P.nan, b > 0x7f800000u), b, same));
}`,
  rsign: "fn rsign(x: f32) -> f32 { return select(select(0.0f, -1.0f, x < 0.0f), 1.0f, x > 0.0f); }",
  isign: "fn isign(x: i32) -> i32 { return select(select(0, -1, x < 0), 1, x > 0); }",
  power: "fn power(n: i32) -> f32 { return bitcast<f32>((n + 127) << 23u); }",
  exp32: `fn exp32(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  if (x > fromBits(0x42b17218u)) { return inf(); }
  if (x < fromBits(0xc2cff1b5u)) { return 0.0f; }
  let n = floor(fadd(fmul(x, fromBits(0x3fb8aa3bu)), 0.5f));
  let k = i32(n);
  let r = fsub(fsub(x, fmul(n, 0.693145751953125f)), fmul(n, fromBits(0x35bfbe8eu)));${EXP_POLYNOMIAL}
  let y = fadd(fadd(fmul(p, fmul(r, r)), r), 1.0f);
  let half = k >> 1u;
  return fmul(fmul(y, power(half)), power(k - half));
}`,
  tanh32: `fn tanh32(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  let a = fabs(x);
  if (a < 0.625f) {
    let z = fmul(x, x);
    var p = -5.70498872745e-3f;
    p = fadd(fmul(p, z), 2.06390887954e-2f);
    p = fsub(fmul(p, z), 5.37397155531e-2f);
    p = fadd(fmul(p, z), 1.33314422036e-1f);
    p = fsub(fmul(p, z), 3.33332819422e-1f);
    return fadd(fmul(fmul(p, z), x), x);
  }
  if (a > 9.1f) { return select(1.0f, -1.0f, x < 0.0f); }
  let w = fadd(a, a);
  let n = floor(fadd(fmul(w, fromBits(0x3fb8aa3bu)), 0.5f));
  let r = fsub(fsub(w, fmul(n, 0.693145751953125f)), fmul(n, fromBits(0x35bfbe8eu)));${EXP_POLYNOMIAL}
  let e = fmul(fadd(fadd(fmul(p, fmul(r, r)), r), 1.0f), power(i32(n)));
  let t = fsub(1.0f, rdiv(2.0f, fadd(e, 1.0f)));
  return select(t, fneg(t), x < 0.0f);
}`,
  log32: `fn log32(given: f32) -> f32 {
  let given_bits = bitcast<u32>(given);
  if ((given_bits & 0x7fffffffu) == 0u) { return fneg(inf()); }
  if (isNan(given) || given_bits > 0x80000000u) { return nan(); }
  if (given_bits == 0x7f800000u) { return given; }
  var e = 0;
  var bits = bitcast<i32>(given);
  if (bits < 0x00800000) {
    // Subnormal: shifted until it is normal, on bits, for devices that flush.
    let shift = i32(countLeadingZeros(given_bits)) - 8;
    bits = bits << u32(shift);
    e = 1 - shift;
    bits = (bits & 0x7fffff) | 0x3f000000;
    e -= 126;
  } else {
    e = ((bits >> 23u) & 255) - 126;
    bits = (bits & 0x7fffff) | 0x3f000000;
  }
  var m = bitcast<f32>(bits);
  if (m < fromBits(0x3f3504f3u)) { e -= 1; m = fsub(fadd(m, m), 1.0f); } else { m = fsub(m, 1.0f); }
  let z = fmul(m, m);
  var p = 7.0376836292e-2f;
  p = fsub(fmul(p, m), 1.151461031e-1f);
  p = fadd(fmul(p, m), 1.167699874e-1f);
  p = fsub(fmul(p, m), 1.2420140846e-1f);
  p = fadd(fmul(p, m), 1.4249322787e-1f);
  p = fsub(fmul(p, m), 1.6668057665e-1f);
  p = fadd(fmul(p, m), 2.0000714765e-1f);
  p = fsub(fmul(p, m), 2.4999993993e-1f);
  p = fadd(fmul(p, m), 3.3333331174e-1f);
  let n = f32(e);
  var y = fmul(fmul(m, z), p);
  y = fadd(y, fmul(n, LOG_LOW));
  y = fsub(y, fmul(0.5f, z));
  return fadd(fadd(m, y), fmul(n, 0.693359375f));
}`,
  sin32: "fn sin32(x: f32) -> f32 { return trigonometric(x, 0); }",
  cos32: "fn cos32(x: f32) -> f32 { return trigonometric(x, 1); }",
  trigonometric: `const TWO_OVER_PI = array<u32, 18>(${TWO_OVER_PI.map((n) => `${n}u`).join(", ")});
fn trigonometric(x: f32, start: i32) -> f32 {
  if ((bitcast<u32>(x) & 0x7fffffffu) >= 0x7f800000u) { return nan(); }
  var quadrant = start;
  var r = x;
  if (fabs(x) > fromBits(0x3f490fdbu)) {
    let bits = bitcast<u32>(x);
    let e = i32((bits >> 23u) & 255u) - 150;
    let m = (bits & 0x7fffffu) | 0x800000u;
    let skip = e - 2 + 32;
    let first = skip >> 4u;
    let shift = u32(skip & 15);
    // The low 96 bits of m times a window of 96 bits of 2/π.
    var v = array<u32, 6>();
    var carry = 0u;
    for (var k = 5; k >= 0; k--) {
      let piece = (((TWO_OVER_PI[first + k] << 16u) | TWO_OVER_PI[first + k + 1]) >> (16u - shift)) & 0xffffu;
      let low = (m & 0xffffu) * piece;
      let s = (low & 0xffffu) + (carry & 0xffffu);
      v[k] = s & 0xffffu;
      carry = (m >> 16u) * piece + (low >> 16u) + (carry >> 16u) + (s >> 16u);
    }
    quadrant += i32(v[0] >> 14u);
    let below = (bits >> 31u) == 1u;
    var negative = below;
    v[0] = v[0] & 0x3fffu;
    if (v[0] >= 0x2000u) {
      quadrant += 1;
      negative = !negative;
      var borrow = 0u;
      for (var k = 5; k >= 0; k--) {
        let t = 0u - v[k] - borrow;
        borrow = select(0u, 1u, v[k] + borrow > 0u);
        v[k] = t & 0xffffu;
      }
      v[0] = v[0] & 0x3fffu;
    }
    if (below) { quadrant = select(1 - (quadrant - 1), 4 - (quadrant & 3), start == 0); }
    // The leading 32 bits of the fraction: M 2^-scale.
    var at = 0;
    while (at < 3 && v[at] == 0u) { at++; }
    let top = countLeadingZeros(v[at]) - 16u;
    let high = (v[at] << 16u) | v[at + 1];
    var last = 0u;
    if (at < 3) { last = v[at + 3]; }
    let low = (v[at + 2] << 16u) | last;
    var M = high;
    if (top != 0u) { M = (high << top) | (low >> (32u - top)); }
    let scale = 16 * at + 32 + i32(top) - 2;
    let a = fmul(f32(M >> 8u), bitcast<f32>((127 - scale + 8) << 23u));
    let b = fmul(f32(M & 255u), bitcast<f32>((127 - scale) << 23u));
    r = fadd(fmul(a, fromBits(0x3fc90fdbu)), fadd(fmul(a, fromBits(0xb33bbd2eu)), fmul(b, fromBits(0x3fc90fdbu))));
    if (negative) { r = fneg(r); }
  }
  let z = fmul(r, r);
  var y: f32;
  if ((quadrant & 1) == 1) {
    var p = TRIG_C0;
    p = fsub(fmul(p, z), TRIG_C1);
    p = fadd(fmul(p, z), TRIG_C2);
    y = fadd(fsub(fmul(fmul(p, z), z), fmul(0.5f, z)), 1.0f);
  } else {
    var p = -1.9515295891e-4f;
    p = fadd(fmul(p, z), 8.3321608736e-3f);
    p = fsub(fmul(p, z), 1.6666654611e-1f);
    y = fadd(fmul(fmul(p, z), r), r);
  }
  return select(y, fneg(y), (quadrant & 2) != 0);
}`,
  threefry: `fn threefry(k0: u32, k1: u32, c0: u32, c1: u32) -> vec2<u32> {
  let keys = array<u32, 3>(k0, k1, 0x1bd11bdau ^ k0 ^ k1);
  let rotations = array<u32, 8>(13u, 15u, 26u, 6u, 17u, 29u, 16u, 24u);
  var a = c0 + keys[0];
  var b = c1 + keys[1];
  for (var round = 0u; round < 20u; round++) {
    let by = rotations[round & 7u];
    a = a + b;
    b = ((b << by) | (b >> (32u - by))) ^ a;
    if ((round & 3u) == 3u) {
      let step = (round >> 2u) + 1u;
      a = a + keys[step % 3u];
      b = b + keys[(step + 1u) % 3u] + step;
    }
  }
  return vec2<u32>(a, b);
}`,
};

const bits = (x: number): string => {
  const f = new Float32Array([x]);
  return `${new Uint32Array(f.buffer)[0]}u`;
};

/** A literal of exactly this binary32 number; NaN and ∞ by their functions. */
export function real(x: number): string {
  if (Number.isNaN(x)) return "nan()";
  if (x === Number.POSITIVE_INFINITY) return "inf()";
  if (x === Number.NEGATIVE_INFINITY) return "fneg(inf())";
  return `fromBits(${bits(x)})`;
}

/** The functions that a text calls, and those that they call; `own`: whether a host may put the device's own operations in their place. */
export function libraryFor(text: string, own: boolean): string {
  const wanted = new Set<string>();
  const visit = (source: string): void => {
    for (const [, name] of `${source} fault(`.matchAll(/\b([A-Za-z]\w*)\(/g)) {
      if (!Object.hasOwn(functions, name!) || wanted.has(name!)) continue;
      wanted.add(name!);
      visit(printed(name!));
    }
  };
  visit(text);
  const all = [...wanted].sort().map(printed).join("\n");
  return own ? all : all.replace(/ \/\/ (quotients|roots): .*/g, "");
}

/** Constants whose doubles are written in `elementary.ts` become the same binary32 numbers here. */
const printed = (name: string): string =>
  functions[name]!.replace(/(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?f\b/g, (literal) =>
    real(Math.fround(Number(literal.slice(0, -1)))),
  )
    .replace("LOG_LOW", real(Math.fround(-2.121944400546906e-4)))
    .replace("TRIG_C0", real(Math.fround(2.443315711809948e-5)))
    .replace("TRIG_C1", real(Math.fround(1.388731625493765e-3)))
    .replace("TRIG_C2", real(Math.fround(4.166664568298827e-2)));

/** What a device was seen to round as the CPU does: see decision 4. */
export interface OwnRounding {
  readonly quotients: boolean;
  readonly roots: boolean;
}

const OWN = /^(fn \w+\(.*\) -> f32 \{) \/\/ (quotients|roots): (.*)\n[\s\S]*?\n\}/gm;

/** Whether a module divides or takes roots in a way that a device could do itself. */
export const asksForOwnRounding = (wgsl: string): boolean => wgsl.search(OWN) >= 0;

/** The module with the device's own quotients and roots in place of those put right. As text: a branch would be compiled wherever it is inlined. */
export const withOwnRounding = (wgsl: string, own: OwnRounding): string =>
  wgsl.replace(OWN, (all, head, what: keyof OwnRounding, value) =>
    own[what] ? `${head} return ${value}; }` : all,
  );
