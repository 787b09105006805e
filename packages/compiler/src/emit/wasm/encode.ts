/**
 * WebAssembly as bytes (core specification 2.0 with 128-bit SIMD): instructions as functions from operands to code, and the
 * module around them. Only what the emitter uses; code is a list of bytes in the order the specification gives.
 */

export type Code = readonly number[];

export const ValueType = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof ValueType;

/** Unsigned LEB128. */
function unsigned(n: number): number[] {
  const bytes: number[] = [];
  let rest = n;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? byte | 128 : byte);
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128 of an exact integer. */
function signed(n: number): number[] {
  const bytes: number[] = [];
  let rest = n;
  for (;;) {
    const byte = ((rest % 128) + 128) % 128;
    rest = Math.floor(rest / 128);
    const done = (rest === 0 && byte < 64) || (rest === -1 && byte >= 64);
    bytes.push(done ? byte : byte | 128);
    if (done) return bytes;
  }
}

const float = (n: number): number[] => [...new Uint8Array(Float32Array.of(n).buffer)];
const double = (n: number): number[] => [...new Uint8Array(Float64Array.of(n).buffer)];
const text = (s: string): number[] => {
  const bytes = [...new TextEncoder().encode(s)];
  return [...unsigned(bytes.length), ...bytes];
};

type Instruction = (...operands: Code[]) => number[];
const plain =
  (...opcode: number[]): Instruction =>
  (...operands) => [...operands.flat(), ...opcode];
const simd = (opcode: number): Instruction => plain(0xfd, ...unsigned(opcode));

/** A load or store: `align` is the logarithm the format wants, `offset` is added to the address. */
const access =
  (align: number, ...opcode: number[]) =>
  (offset: number, ...operands: Code[]): number[] => [
    ...operands.flat(),
    ...opcode,
    align,
    ...unsigned(offset),
  ];
const lane =
  (opcode: number) =>
  (number: number, ...operands: Code[]): number[] => [...operands.flat(), 0xfd, ...unsigned(opcode), number];

export const w = {
  i32: (n: number): number[] => [0x41, ...signed(n | 0)],
  i64: (n: number): number[] => [0x42, ...signed(n)],
  f32: (n: number): number[] => [0x43, ...float(n)],
  f64: (n: number): number[] => [0x44, ...double(n)],
  /** Sixteen bytes. */
  v128: (bytes: readonly number[]): number[] => [0xfd, 12, ...bytes],
  get: (local: number): number[] => [0x20, ...unsigned(local)],
  set: (local: number, value: Code): number[] => [...value, 0x21, ...unsigned(local)],
  tee: (local: number, value: Code): number[] => [...value, 0x22, ...unsigned(local)],
  call: (f: number, ...operands: Code[]): number[] => [...operands.flat(), 0x10, ...unsigned(f)],
  select: plain(0x1b),
  unreachable: [0x00],
  return: plain(0x0f),
  memorySize: [0x3f, 0],
  memoryGrow: plain(0x40, 0),
  if: (condition: Code, then: Code, otherwise: Code = []): number[] => [
    ...condition,
    ...[0x04, 0x40],
    ...then,
    ...(otherwise.length === 0 ? [] : [0x05, ...otherwise]),
    0x0b,
  ],
  /** A branch to depth 0 inside repeats it. */
  loop: (body: Code): number[] => [0x03, 0x40, ...body, 0x0b],
  /** A branch to depth 0 inside leaves it. */
  block: (body: Code): number[] => [0x02, 0x40, ...body, 0x0b],
  br: (depth: number): number[] => [0x0c, depth],
  brIf: (depth: number, condition: Code): number[] => [...condition, 0x0d, depth],

  i32Load: access(2, 0x28),
  i32Load8: access(0, 0x2d),
  f32Load: access(2, 0x2a),
  i64Load: access(3, 0x29),
  i32Store: access(2, 0x36),
  i32Store8: access(0, 0x3a),
  i64Store: access(3, 0x37),
  f32Store: access(2, 0x38),
  f64Store: access(3, 0x39),

  eqz: plain(0x45),
  eq: plain(0x46),
  ne: plain(0x47),
  lt: plain(0x48),
  ltU: plain(0x49),
  gt: plain(0x4a),
  le: plain(0x4c),
  ge: plain(0x4e),
  geU: plain(0x4f),
  i64Eqz: plain(0x50),
  i64Eq: plain(0x51),
  i64Ne: plain(0x52),
  i64Lt: plain(0x53),
  i64Gt: plain(0x55),
  i64Le: plain(0x57),
  f32Eq: plain(0x5b),
  f32Ne: plain(0x5c),
  f32Lt: plain(0x5d),
  f32Gt: plain(0x5e),
  f32Le: plain(0x5f),
  f32Ge: plain(0x60),
  f64Gt: plain(0x64),

  clz: plain(0x67),
  popcnt: plain(0x69),
  add: plain(0x6a),
  sub: plain(0x6b),
  mul: plain(0x6c),
  div: plain(0x6d),
  divU: plain(0x6e),
  rem: plain(0x6f),
  and: plain(0x71),
  or: plain(0x72),
  xor: plain(0x73),
  shl: plain(0x74),
  shr: plain(0x75),
  shrU: plain(0x76),
  rotl: plain(0x77),
  i64Clz: plain(0x79),
  i64Add: plain(0x7c),
  i64Sub: plain(0x7d),
  i64Mul: plain(0x7e),
  i64Div: plain(0x7f),
  i64Rem: plain(0x81),
  i64And: plain(0x83),
  i64Or: plain(0x84),
  i64Shl: plain(0x86),
  i64ShrU: plain(0x88),
  f32Abs: plain(0x8b),
  f32Neg: plain(0x8c),
  f32Floor: plain(0x8e),
  f32Sqrt: plain(0x91),
  f32Add: plain(0x92),
  f32Sub: plain(0x93),
  f32Mul: plain(0x94),
  f32Div: plain(0x95),
  f32Min: plain(0x96),
  f32Max: plain(0x97),
  f64Abs: plain(0x99),
  f64Mul: plain(0xa2),
  wrap: plain(0xa7),
  extend: plain(0xac),
  extendU: plain(0xad),
  f32FromI32: plain(0xb2),
  f32FromU32: plain(0xb3),
  f64FromI32: plain(0xb7),
  f64FromI64: plain(0xb9),
  f64FromF32: plain(0xbb),
  bitsOf: plain(0xbc),
  fromBits: plain(0xbe),
  truncate: plain(0xfc, 0),

  v128Load: access(0, 0xfd, 0),
  v128Store: access(0, 0xfd, 11),
  v128Load32Splat: access(0, 0xfd, 9),
  v128Load32Zero: access(0, 0xfd, 0x5c),
  /** Into one lane of a vector. */
  v128Load32Lane: (offset: number, number: number, address: Code, into: Code): number[] => [
    ...address,
    ...into,
    ...[0xfd, 0x56, 0],
    ...unsigned(offset),
    number,
  ],
  swizzle: simd(14),
  i8x16Splat: simd(15),
  i32x4Splat: simd(17),
  i64x2Splat: simd(18),
  f32x4Splat: simd(19),
  i32x4Extract: lane(27),
  i64x2Extract: lane(29),
  i64x2Replace: lane(30),
  i32x4Replace: lane(28),
  f32x4Extract: lane(31),
  f32x4Replace: lane(32),
  i8x16Eq: simd(35),
  i8x16Ne: simd(36),
  i8x16GeU: simd(44),
  i32x4Eq: simd(55),
  i32x4Ne: simd(56),
  i32x4Lt: simd(57),
  i32x4Gt: simd(59),
  i32x4Le: simd(61),
  i32x4GeU: simd(64),
  f32x4Eq: simd(65),
  f32x4Ne: simd(66),
  f32x4Lt: simd(67),
  f32x4Gt: simd(68),
  f32x4Le: simd(69),
  f32x4Ge: simd(70),
  vNot: simd(77),
  vAnd: simd(78),
  vAndNot: simd(79),
  vOr: simd(80),
  vXor: simd(81),
  /** Bits of the first where the third has ones, else of the second. */
  bitselect: simd(82),
  anyTrue: simd(83),
  i8x16Bitmask: simd(100),
  f32x4Floor: simd(104),
  i8x16Shl: simd(107),
  i8x16Narrow: simd(102),
  i16x8Narrow: simd(134),
  i16x8Extend8: simd(137),
  i32x4Extend16: simd(169),
  i32x4Abs: simd(160),
  i32x4Neg: simd(161),
  i32x4Shl: simd(171),
  i32x4Shr: simd(172),
  i32x4ShrU: simd(173),
  i32x4Add: simd(174),
  i32x4Sub: simd(177),
  i32x4Mul: simd(181),
  i32x4Min: simd(182),
  i32x4Max: simd(184),
  i64x2Shl: simd(203),
  i64x2ShrU: simd(205),
  f32x4Abs: simd(224),
  f32x4Neg: simd(225),
  f32x4Sqrt: simd(227),
  f32x4Add: simd(228),
  f32x4Sub: simd(229),
  f32x4Mul: simd(230),
  f32x4Div: simd(231),
  f32x4Min: simd(232),
  f32x4Max: simd(233),
  /** `b < a ? b : a` and `a < b ? b : a`. */
  f32x4PMin: simd(234),
  f32x4PMax: simd(235),
  f32x4FromI32: simd(250),
  i32x4Truncate: simd(248),
} as const;

/** A function being made: parameters first, then locals as they are asked for. */
export class FunctionBuilder {
  private readonly locals: ValueType[] = [];
  code: number[] = [];

  constructor(
    readonly params: readonly ValueType[],
    readonly results: readonly ValueType[],
  ) {}

  local(type: ValueType): number {
    this.locals.push(type);
    return this.params.length + this.locals.length - 1;
  }

  body(): number[] {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    const bytes = vector(runs.map((r) => [...unsigned(r.count), ValueType[r.type]]));
    for (const b of this.code) bytes.push(b);
    bytes.push(0x0b);
    return bytes;
  }
}

function vector(items: readonly Code[]): number[] {
  const bytes = unsigned(items.length);
  for (const item of items) for (const b of item) bytes.push(b);
  return bytes;
}

export interface ImportedFunction {
  readonly name: string;
  readonly params: readonly ValueType[];
}

/** The bytes of a module. It imports its memory and functions from "env"; `exports` are function numbers, imports first. */
export function encodeModule(module: {
  readonly imports: readonly ImportedFunction[];
  readonly functions: readonly FunctionBuilder[];
  readonly exports: readonly { readonly name: string; readonly index: number }[];
  readonly data: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}): Uint8Array {
  const types: string[] = [];
  const encoded: number[][] = [];
  const typeOf = (params: readonly ValueType[], results: readonly ValueType[]): number => {
    const key = `${params} → ${results}`;
    const known = types.indexOf(key);
    if (known >= 0) return known;
    types.push(key);
    encoded.push([
      0x60,
      ...vector(params.map((p) => [ValueType[p]])),
      ...vector(results.map((p) => [ValueType[p]])),
    ]);
    return types.length - 1;
  };
  const imports = [
    [...text("env"), ...text("memory"), 2, 0, ...unsigned(1)],
    ...module.imports.map((f) => [...text("env"), ...text(f.name), 0, ...unsigned(typeOf(f.params, []))]),
  ];
  const functions = module.functions.map((f) => unsigned(typeOf(f.params, f.results)));
  const exports = module.exports.map((e) => [...text(e.name), 0, ...unsigned(e.index)]);
  const code = module.functions.map((f) => {
    const body = f.body();
    return [...unsigned(body.length), ...body];
  });
  const data = module.data.map((d) => [0, ...w.i32(d.at), 0x0b, ...unsigned(d.bytes.length), ...d.bytes]);
  const section = (id: number, items: readonly Code[]): number[] => {
    if (items.length === 0) return [];
    const bytes = vector(items);
    return [id, ...unsigned(bytes.length), ...bytes];
  };
  const parts = [
    [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, encoded),
    section(2, imports),
    section(3, functions),
    section(7, exports),
    section(10, code),
    section(11, data),
  ];
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
