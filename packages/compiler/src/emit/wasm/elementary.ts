/**
 * The sequences of `equations/elementary.ts` as WebAssembly, operation for operation, for one number or for four lanes: what
 * branches there selects here. sin and cos work on one number.
 */
import { type Code, FunctionBuilder, w } from "./encode";
import {
  bytesBelow,
  closeRing,
  lanesBelow,
  packBytes,
  ringOfBits,
  ringOfBytes,
  unpackBytes,
  wordsBelow,
} from "./words";

const PI_2 = 1.5707963267948966;

/** One number or four lanes: reals, ints of the same shape, and masks (1 for a number, all ones for a lane). */
interface Shape {
  readonly real: "f32" | "v128";
  readonly int: "i32" | "v128";
  readonly constant: (n: number) => Code;
  readonly whole: (n: number) => Code;
  readonly add: (a: Code, b: Code) => Code;
  readonly sub: (a: Code, b: Code) => Code;
  readonly mul: (a: Code, b: Code) => Code;
  readonly div: (a: Code, b: Code) => Code;
  readonly floor: (a: Code) => Code;
  readonly abs: (a: Code) => Code;
  readonly neg: (a: Code) => Code;
  readonly eq: (a: Code, b: Code) => Code;
  readonly ne: (a: Code, b: Code) => Code;
  readonly lt: (a: Code, b: Code) => Code;
  readonly gt: (a: Code, b: Code) => Code;
  readonly ge: (a: Code, b: Code) => Code;
  readonly choose: (mask: Code, then: Code, otherwise: Code) => Code;
  readonly chooseInt: (mask: Code, then: Code, otherwise: Code) => Code;
  readonly toInt: (a: Code) => Code;
  readonly toReal: (a: Code) => Code;
  readonly bits: (a: Code) => Code;
  readonly fromBits: (a: Code) => Code;
  readonly iadd: (a: Code, b: Code) => Code;
  readonly isub: (a: Code, b: Code) => Code;
  readonly iand: (a: Code, b: Code) => Code;
  readonly ior: (a: Code, b: Code) => Code;
  readonly shl: (a: Code, by: number) => Code;
  readonly shr: (a: Code, by: number) => Code;
}

const one: Shape = {
  real: "f32",
  int: "i32",
  constant: (n) => w.f32(n),
  whole: (n) => w.i32(n),
  add: (a, b) => w.f32Add(a, b),
  sub: (a, b) => w.f32Sub(a, b),
  mul: (a, b) => w.f32Mul(a, b),
  div: (a, b) => w.f32Div(a, b),
  floor: (a) => w.f32Floor(a),
  abs: (a) => w.f32Abs(a),
  neg: (a) => w.f32Neg(a),
  eq: (a, b) => w.f32Eq(a, b),
  ne: (a, b) => w.f32Ne(a, b),
  lt: (a, b) => w.f32Lt(a, b),
  gt: (a, b) => w.f32Gt(a, b),
  ge: (a, b) => w.f32Ge(a, b),
  choose: (m, a, b) => w.select(a, b, m),
  chooseInt: (m, a, b) => w.select(a, b, m),
  toInt: (a) => w.truncate(a),
  toReal: (a) => w.f32FromI32(a),
  bits: (a) => w.bitsOf(a),
  fromBits: (a) => w.fromBits(a),
  iadd: (a, b) => w.add(a, b),
  isub: (a, b) => w.sub(a, b),
  iand: (a, b) => w.and(a, b),
  ior: (a, b) => w.or(a, b),
  shl: (a, by) => w.shl(a, w.i32(by)),
  shr: (a, by) => w.shr(a, w.i32(by)),
};

const four: Shape = {
  real: "v128",
  int: "v128",
  constant: (n) => w.f32x4Splat(w.f32(n)),
  whole: (n) => w.i32x4Splat(w.i32(n)),
  add: (a, b) => w.f32x4Add(a, b),
  sub: (a, b) => w.f32x4Sub(a, b),
  mul: (a, b) => w.f32x4Mul(a, b),
  div: (a, b) => w.f32x4Div(a, b),
  floor: (a) => w.f32x4Floor(a),
  abs: (a) => w.f32x4Abs(a),
  neg: (a) => w.f32x4Neg(a),
  eq: (a, b) => w.f32x4Eq(a, b),
  ne: (a, b) => w.f32x4Ne(a, b),
  lt: (a, b) => w.f32x4Lt(a, b),
  gt: (a, b) => w.f32x4Gt(a, b),
  ge: (a, b) => w.f32x4Ge(a, b),
  choose: (m, a, b) => w.bitselect(a, b, m),
  chooseInt: (m, a, b) => w.bitselect(a, b, m),
  toInt: (a) => w.i32x4Truncate(a),
  toReal: (a) => w.f32x4FromI32(a),
  bits: (a) => a,
  fromBits: (a) => a,
  iadd: (a, b) => w.i32x4Add(a, b),
  isub: (a, b) => w.i32x4Sub(a, b),
  iand: (a, b) => w.vAnd(a, b),
  ior: (a, b) => w.vOr(a, b),
  shl: (a, by) => w.i32x4Shl(a, w.i32(by)),
  shr: (a, by) => w.i32x4Shr(a, w.i32(by)),
};

/** A function of one argument in a shape; `keep` puts a value into a local. */
function make(
  s: Shape,
  body: (x: Code, keep: (value: Code, int?: boolean) => Code) => Code,
): FunctionBuilder {
  const f = new FunctionBuilder([s.real], [s.real]);
  const keep = (value: Code, int = false): Code => {
    const local = f.local(int ? s.int : s.real);
    f.code.push(...w.set(local, value));
    return w.get(local);
  };
  const result = body(w.get(0), keep);
  f.code.push(...result);
  return f;
}

const power = (s: Shape, k: Code): Code => s.fromBits(s.shl(s.iadd(k, s.whole(127)), 23));

/** e^r − 1 … of the reduced argument: shared by exp and tanh. Gives e^r and the int k with x = k ln 2 + r. */
function reduced(
  s: Shape,
  x: Code,
  keep: (value: Code, int?: boolean) => Code,
): { readonly y: Code; readonly k: Code } {
  const k = keep(s.floor(s.add(s.mul(x, s.constant(1.4426950408889634)), s.constant(0.5))));
  const r = keep(
    s.sub(s.sub(x, s.mul(k, s.constant(0.693145751953125))), s.mul(k, s.constant(1.428606765330187e-6))),
  );
  let p = s.constant(1.98756915e-4);
  for (const c of [1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1])
    p = keep(s.add(s.mul(p, r), s.constant(c)));
  const y = keep(s.add(s.add(s.mul(p, s.mul(r, r)), r), s.constant(1)));
  return { y, k: keep(s.toInt(k), true) };
}

const exp = (s: Shape) =>
  make(s, (x, keep) => {
    const { y, k } = reduced(s, x, keep);
    const half = keep(s.shr(k, 1), true);
    const scaled = s.mul(s.mul(y, power(s, half)), power(s, s.isub(k, half)));
    const low = s.choose(s.lt(x, s.constant(-103.97208404541016)), s.constant(0), scaled);
    const high = s.choose(s.gt(x, s.constant(88.72283935546875)), s.constant(Number.POSITIVE_INFINITY), low);
    return s.choose(s.ne(x, x), x, high);
  });

const log = (s: Shape) =>
  make(s, (given, keep) => {
    const small = keep(s.lt(given, s.constant(1.1754943508222875e-38)), true);
    const x = s.choose(small, s.mul(given, s.constant(8388608)), given);
    const bits = keep(s.bits(keep(x)), true);
    const exponent = s.isub(s.iand(s.shr(bits, 23), s.whole(255)), s.whole(126));
    const e0 = keep(s.iadd(s.chooseInt(small, s.whole(-23), s.whole(0)), exponent), true);
    const m0 = keep(s.fromBits(s.ior(s.iand(bits, s.whole(0x7fffff)), s.whole(0x3f000000))));
    const below = keep(s.lt(m0, s.constant(0.7071067811865476)), true);
    const e = keep(s.toReal(s.chooseInt(below, s.isub(e0, s.whole(1)), e0)));
    const m = keep(s.sub(s.choose(below, s.add(m0, m0), m0), s.constant(1)));
    const z = keep(s.mul(m, m));
    let p = s.constant(7.0376836292e-2);
    for (const c of [
      -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
      -2.4999993993e-1, 3.3333331174e-1,
    ])
      p = keep(s.add(s.mul(p, m), s.constant(c)));
    let y = s.mul(s.mul(m, z), p);
    y = s.add(y, s.mul(e, s.constant(-2.121944400546906e-4)));
    y = s.sub(y, s.mul(s.constant(0.5), z));
    const found = s.add(s.add(m, y), s.mul(e, s.constant(0.693359375)));
    const infinite = s.choose(s.eq(given, s.constant(Number.POSITIVE_INFINITY)), given, found);
    const zero = s.choose(s.eq(given, s.constant(0)), s.constant(Number.NEGATIVE_INFINITY), infinite);
    const negative = s.choose(s.lt(given, s.constant(0)), s.constant(Number.NaN), zero);
    return s.choose(s.ne(given, given), s.constant(Number.NaN), negative);
  });

const tanh = (s: Shape) =>
  make(s, (x, keep) => {
    const a = keep(s.abs(x));
    const z = keep(s.mul(x, x));
    let p = s.constant(-5.70498872745e-3);
    for (const c of [2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1])
      p = keep(s.add(s.mul(p, z), s.constant(c)));
    const near = keep(s.add(s.mul(s.mul(p, z), x), x));
    const { y, k } = reduced(s, keep(s.add(a, a)), keep);
    const e = s.mul(y, power(s, k));
    const t = keep(s.sub(s.constant(1), s.div(s.constant(2), s.add(e, s.constant(1)))));
    // The number nearest to 9.1 is above it.
    const far = s.choose(s.ge(a, s.constant(9.1)), s.constant(1), t);
    const signed = keep(far);
    const outer = s.choose(s.lt(x, s.constant(0)), s.neg(signed), signed);
    return s.choose(s.ne(x, x), x, s.choose(s.lt(a, s.constant(0.625)), near, outer));
  });

/** 2/π after a word of zeros, in pieces of 16 bits. */
const TWO_OVER_PI = [
  0, 0, 0xa2f9, 0x836e, 0x4e44, 0x1529, 0xfc27, 0x57d1, 0xf534, 0xddc0, 0xdb62, 0x9599, 0x3c43, 0x9041,
  0xfe51, 0x63ab, 0xdebb, 0xc561,
];

/** Three neighbouring pieces at each place, eight bytes each: `trigonometric` reads them. */
export function trigonometricTable(): Uint8Array {
  const bytes = new Uint8Array(16 * 8);
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < 16; k++) {
    const low = ((TWO_OVER_PI[k + 1]! << 16) | TWO_OVER_PI[k + 2]!) >>> 0;
    view.setUint32(8 * k, low, true);
    view.setUint32(8 * k + 4, TWO_OVER_PI[k]!, true);
  }
  return bytes;
}

/** sin (start 0) and cos (start 1) of the first argument. */
function trigonometric(table: number): FunctionBuilder {
  const f = new FunctionBuilder(["f32", "i32"], ["f32"]);
  const [x, start] = [w.get(0), w.get(1)];
  const quadrant = f.local("i32");
  const r = f.local("f32");
  const negative = f.local("i32");
  const e = f.local("i32");
  const m = f.local("i64");
  const at = f.local("i32");
  const [p0, p1, p2] = [f.local("i64"), f.local("i64"), f.local("i64")] as const;
  const L = f.local("i32");
  const M = f.local("i32");
  const bits = f.local("i32");
  const low32 = (c: Code): Code => w.i64And(c, w.i64(0xffffffff));
  const window = (k: number): Code =>
    low32(
      w.i64ShrU(
        w.i64Load(table + 16 * k, w.shl(w.shrU(w.get(at), w.i32(4)), w.i32(3))),
        w.extend(w.sub(w.i32(16), w.and(w.get(at), w.i32(15)))),
      ),
    );
  const g = w.get;
  const top = (local: number): Code => w.i64ShrU(g(local), w.i64(32));
  const nonzero = (c: Code): Code => w.extendU(w.i64Ne(c, w.i64(0)));
  const reduce: number[] = [
    ...w.set(bits, w.bitsOf(x)),
    ...w.set(e, w.sub(w.and(w.shrU(g(bits), w.i32(23)), w.i32(255)), w.i32(150))),
    ...w.set(m, w.extend(w.or(w.and(g(bits), w.i32(0x7fffff)), w.i32(0x800000)))),
    // x = m 2^e. Bits of 2/π above 2^(2-e) only add multiples of four quadrants: the window starts below them.
    ...w.set(at, w.add(g(e), w.i32(30))),
    ...w.set(p2, w.i64Mul(g(m), window(2))),
    ...w.set(p1, w.i64Add(w.i64Mul(g(m), window(1)), top(p2))),
    ...w.set(p0, low32(w.i64Add(w.i64Mul(g(m), window(0)), top(p1)))),
    ...w.set(p1, low32(g(p1))),
    ...w.set(p2, low32(g(p2))),
    ...w.set(quadrant, w.add(start, w.wrap(w.i64ShrU(g(p0), w.i64(30))))),
    ...w.set(negative, w.f32Lt(x, w.f32(0))),
    ...w.set(p0, w.i64And(g(p0), w.i64(0x3fffffff))),
    // Round to the nearest quadrant: the fraction becomes signed.
    ...w.if(w.eqz(w.i64Lt(g(p0), w.i64(0x20000000))), [
      ...w.set(quadrant, w.add(g(quadrant), w.i32(1))),
      ...w.set(negative, w.xor(g(negative), w.i32(1))),
      ...w.set(
        p0,
        w.i64And(w.i64Sub(w.i64Sub(w.i64(0), g(p0)), nonzero(w.i64Or(g(p1), g(p2)))), w.i64(0x3fffffff)),
      ),
      ...w.set(p1, low32(w.i64Sub(w.i64Sub(w.i64(0), g(p1)), nonzero(g(p2))))),
      ...w.set(p2, low32(w.i64Sub(w.i64(0), g(p2)))),
    ]),
    ...w.if(w.f32Lt(x, w.f32(0)), [
      ...w.set(
        quadrant,
        w.select(w.sub(w.i32(2), g(quadrant)), w.sub(w.i32(4), w.and(g(quadrant), w.i32(3))), start),
      ),
    ]),
    // The leading 32 bits of the fraction: M 2^-(L + 30).
    ...w.set(L, w.wrap(w.i64Clz(w.i64Or(w.i64Shl(g(p0), w.i64(32)), g(p1))))),
    ...w.set(
      M,
      w.wrap(
        w.i64ShrU(
          w.i64Shl(
            w.select(
              w.i64Or(w.i64Shl(g(p0), w.i64(32)), g(p1)),
              w.i64Or(w.i64Shl(g(p1), w.i64(32)), g(p2)),
              w.lt(g(L), w.i32(32)),
            ),
            w.extend(w.and(g(L), w.i32(31))),
          ),
          w.i64(32),
        ),
      ),
    ),
  ];
  const scaled = (value: Code, more: number): Code =>
    w.f32Mul(w.f32FromI32(value), w.fromBits(w.shl(w.sub(w.i32(97 + more), g(L)), w.i32(23))));
  const a = f.local("f32");
  const b = f.local("f32");
  reduce.push(
    ...w.set(a, scaled(w.shrU(g(M), w.i32(8)), 8)),
    ...w.set(b, scaled(w.and(g(M), w.i32(255)), 0)),
    ...w.set(
      r,
      w.f32Add(
        w.f32Mul(g(a), w.f32(PI_2)),
        w.f32Add(w.f32Mul(g(a), w.f32(-4.371139000186241e-8)), w.f32Mul(g(b), w.f32(PI_2))),
      ),
    ),
    ...w.if(g(negative), w.set(r, w.f32Neg(g(r)))),
  );
  const z = f.local("f32");
  const p = f.local("f32");
  const y = f.local("f32");
  const horner = (first: number, rest: readonly number[]): number[] => [
    ...w.set(p, w.f32(first)),
    ...rest.flatMap((c) => w.set(p, w.f32Add(w.f32Mul(g(p), g(z)), w.f32(c)))),
  ];
  f.code.push(
    ...w.if(w.eqz(w.f32Lt(w.f32Abs(x), w.f32(Number.POSITIVE_INFINITY))), w.return(w.f32(Number.NaN))),
    ...w.set(quadrant, start),
    ...w.set(r, x),
    ...w.if(w.f32Gt(w.f32Abs(x), w.f32(0.7853981633974483)), reduce),
    ...w.set(z, w.f32Mul(g(r), g(r))),
    ...w.if(
      w.and(g(quadrant), w.i32(1)),
      [
        ...horner(2.443315711809948e-5, [-1.388731625493765e-3, 4.166664568298827e-2]),
        ...w.set(
          y,
          w.f32Add(w.f32Sub(w.f32Mul(w.f32Mul(g(p), g(z)), g(z)), w.f32Mul(w.f32(0.5), g(z))), w.f32(1)),
        ),
      ],
      [
        ...horner(-1.9515295891e-4, [8.3321608736e-3, -1.6666654611e-1]),
        ...w.set(y, w.f32Add(w.f32Mul(w.f32Mul(g(p), g(z)), g(r)), g(r))),
      ],
    ),
    ...w.select(w.f32Neg(g(y)), g(y), w.and(g(quadrant), w.i32(2))),
  );
  return f;
}

/**
 * Threefry-2x32-20 and the top 24 bits of its first word as a real in [0, 1): `random.ts` for one or two indices. With
 * more, both words are the next key: they are left at `scratch`.
 */
function threefry(scratch: number): FunctionBuilder {
  const f = new FunctionBuilder(["i32", "i32", "i32", "i32"], ["f32"]);
  const [a, b, k2] = [f.local("i32"), f.local("i32"), f.local("i32")];
  const keys = [w.get(0), w.get(1), w.get(k2)];
  f.code.push(
    ...w.set(k2, w.xor(w.xor(w.i32(0x1bd11bda), keys[0]!), keys[1]!)),
    ...w.set(a, w.add(w.get(2), keys[0]!)),
    ...w.set(b, w.add(w.get(3), keys[1]!)),
  );
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  for (let round = 0; round < 20; round++) {
    f.code.push(
      ...w.set(a, w.add(w.get(a), w.get(b))),
      ...w.set(b, w.xor(w.rotl(w.get(b), w.i32(rotations[round & 7]!)), w.get(a))),
    );
    if ((round & 3) !== 3) continue;
    const step = (round >> 2) + 1;
    f.code.push(
      ...w.set(a, w.add(w.get(a), keys[step % 3]!)),
      ...w.set(b, w.add(w.add(w.get(b), keys[(step + 1) % 3]!), w.i32(step))),
    );
  }
  f.code.push(
    ...w.i32Store(scratch, w.i32(0), w.get(a)),
    ...w.i32Store(scratch + 4, w.i32(0), w.get(b)),
    ...w.f32Mul(w.f32FromU32(w.shrU(w.get(a), w.i32(8))), w.f32(1 / 16777216)),
  );
  return f;
}

/** Functions that a module carries where it uses them; `table` and `scratch` are places in memory. */
export const library = {
  exp: () => exp(one),
  exp4: () => exp(four),
  log: () => log(one),
  log4: () => log(four),
  tanh: () => tanh(one),
  tanh4: () => tanh(four),
  trigonometric: (places: { readonly table: number }) => trigonometric(places.table),
  threefry: (places: { readonly scratch: number }) => threefry(places.scratch),
  ringOfBits,
  closeRing: (places: { readonly ringOfBits: number }) => closeRing(places),
  ringOfBytes,
  packBytes,
  unpackBytes: (places: { readonly scratch: number }) => unpackBytes(places.scratch),
  lanesBelow,
  bytesBelow,
  wordsBelow,
} as const;
export type LibraryName = keyof typeof library;
