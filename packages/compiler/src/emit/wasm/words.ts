/** Words of 128 bits in memory: cells of a ring, and rows of bytes packed and unpacked. */
import { type Code, FunctionBuilder, w } from "./encode";

/** 64 bits from bit `position` of a row on, as they lie there. */
const raw64 = (row: Code, position: Code): Code => {
  const at = w.add(row, w.shrU(position, w.i32(3)));
  const by = w.extend(w.and(position, w.i32(7)));
  // By 64 would be by 0: in two steps.
  const above = w.i64Shl(w.i64Shl(w.extendU(w.i32Load8(8, at)), w.i64(1)), w.i64Sub(w.i64(63), by));
  return w.i64Or(w.i64ShrU(w.i64Load(0, at), by), above);
};

/** 128 cells of a packed ring of `length` cells, from any `position` on. */
export function ringOfBits(): FunctionBuilder {
  const f = new FunctionBuilder(["i32", "i32", "i32"], ["v128"]);
  const [row, position, length] = [w.get(0), w.get(1), w.get(2)];
  const [half, filled, take] = [f.local("i32"), f.local("i32"), f.local("i32")];
  const [sum, bits] = [f.local("i64"), f.local("i64")];
  const words = [f.local("i64"), f.local("i64")];
  f.code.push(
    ...w.set(1, w.rem(position, length)),
    ...w.if(w.lt(position, w.i32(0)), w.set(1, w.add(position, length))),
  );
  for (const word of words) {
    f.code.push(
      ...w.set(sum, w.i64(0)),
      ...w.set(filled, w.i32(0)),
      ...w.loop([
        ...w.set(take, w.sub(w.i32(64), w.get(filled))),
        ...w.set(half, w.sub(length, position)),
        ...w.set(take, w.select(w.get(half), w.get(take), w.lt(w.get(half), w.get(take)))),
        ...w.set(bits, raw64(row, position)),
        // The lowest `take` bits.
        ...w.set(bits, w.i64And(w.get(bits), w.i64ShrU(w.i64(-1), w.extend(w.sub(w.i32(64), w.get(take)))))),
        ...w.set(sum, w.i64Or(w.get(sum), w.i64Shl(w.get(bits), w.extend(w.get(filled))))),
        ...w.set(filled, w.add(w.get(filled), w.get(take))),
        ...w.set(1, w.add(position, w.get(take))),
        ...w.if(w.eq(position, length), w.set(1, w.i32(0))),
        ...w.brIf(0, w.lt(w.get(filled), w.i32(64))),
      ]),
      ...w.set(word, w.get(sum)),
    );
  }
  f.code.push(...w.i64x2Replace(1, w.i64x2Splat(w.get(words[0]!)), w.get(words[1]!)));
  return f;
}

/** Writes the last 64 cells of a packed ring before its row, and the first 64 behind it. */
export function closeRing({ ringOfBits }: { readonly ringOfBits: number }): FunctionBuilder {
  const f = new FunctionBuilder(["i32", "i32"], []);
  const [row, length] = [w.get(0), w.get(1)];
  const [first, last, at, by] = [f.local("i64"), f.local("i64"), f.local("i32"), f.local("i64")];
  const around = (position: number): Code =>
    w.i64x2Extract(0, w.call(ringOfBits, row, w.i32(position), length));
  f.code.push(
    ...w.if(w.le(length, w.i32(0)), w.return()),
    ...w.if(
      w.ge(length, w.i32(64)),
      [...w.set(first, w.i64Load(0, row)), ...w.set(last, raw64(row, w.sub(length, w.i32(64))))],
      [...w.set(first, around(0)), ...w.set(last, around(-64))],
    ),
    ...w.i64Store(0, w.sub(row, w.i32(8)), w.get(last)),
    ...w.set(at, w.add(row, w.shrU(length, w.i32(3)))),
    ...w.set(by, w.extend(w.and(length, w.i32(7)))),
    // What does not fit the 64 bits at the row's last byte; by 64 would be by 0: in two steps.
    ...w.i32Store8(
      8,
      w.get(at),
      w.wrap(w.i64ShrU(w.i64ShrU(w.get(first), w.i64(1)), w.i64Sub(w.i64(63), w.get(by)))),
    ),
    ...w.i64Store(
      0,
      w.get(at),
      w.i64Or(
        w.i64And(w.extendU(w.i32Load8(0, w.get(at))), w.i64Sub(w.i64Shl(w.i64(1), w.get(by)), w.i64(1))),
        w.i64Shl(w.get(first), w.get(by)),
      ),
    ),
  );
  return f;
}

/** 128 cells of a ring of bytes, one after the other. */
export function ringOfBytes(): FunctionBuilder {
  const f = new FunctionBuilder(["i32", "i32", "i32"], ["v128"]);
  const [row, position, length] = [w.get(0), w.get(1), w.get(2)];
  const k = f.local("i32");
  const words = [f.local("i64"), f.local("i64")];
  f.code.push(
    ...w.set(1, w.rem(position, length)),
    ...w.if(w.lt(position, w.i32(0)), w.set(1, w.add(position, length))),
  );
  for (const word of words) {
    f.code.push(
      ...w.set(k, w.i32(0)),
      ...w.loop([
        ...w.set(
          word,
          w.i64Or(w.get(word), w.i64Shl(w.extendU(w.i32Load8(0, w.add(row, position))), w.extend(w.get(k)))),
        ),
        ...w.set(1, w.add(position, w.i32(1))),
        ...w.if(w.eq(position, length), w.set(1, w.i32(0))),
        ...w.brIf(0, w.lt(w.tee(k, w.add(w.get(k), w.i32(1))), w.i32(64))),
      ]),
    );
  }
  f.code.push(...w.i64x2Replace(1, w.i64x2Splat(w.get(words[0]!)), w.get(words[1]!)));
  return f;
}

/** 128 bytes of 0 and 1 as bits. */
export function packBytes(): FunctionBuilder {
  const f = new FunctionBuilder(["i32"], ["v128"]);
  const sixteen = (k: number): Code =>
    w.extendU(w.i8x16Bitmask(w.i8x16Shl(w.v128Load(16 * k, w.get(0)), w.i32(7))));
  const half = (k: number): Code =>
    [0, 1, 2, 3].map((j) => w.i64Shl(sixteen(4 * k + j), w.i64(16 * j))).reduce((a, b) => w.i64Or(a, b));
  f.code.push(...w.i64x2Replace(1, w.i64x2Splat(half(0)), half(1)));
  return f;
}

/** Bits as bytes of 0 and 1: as many of the 128 as are asked for. */
export function unpackBytes(scratch: number): FunctionBuilder {
  const f = new FunctionBuilder(["i32", "v128", "i32"], []);
  const [at, bits, count] = [w.get(0), w.get(1), w.get(2)];
  const single = w.v128([0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7].map((k) => 1 << k));
  const ones = w.i8x16Splat(w.i32(1));
  const k = f.local("i32");
  const whole = Array.from({ length: 8 }, (_, n) => {
    const spread = w.v128(Array.from({ length: 16 }, (_, j) => 2 * n + (j >> 3)));
    const found = w.i8x16Eq(w.vAnd(w.swizzle(bits, spread), single), single);
    return w.v128Store(16 * n, at, w.vAnd(found, ones));
  }).flat();
  f.code.push(
    ...w.if(w.ge(count, w.i32(128)), whole, [
      ...w.v128Store(scratch, w.i32(0), bits),
      ...w.block(
        w.loop([
          ...w.brIf(1, w.ge(w.get(k), count)),
          ...w.i32Store8(
            0,
            w.add(at, w.get(k)),
            w.and(
              w.shrU(w.i32Load8(scratch, w.shrU(w.get(k), w.i32(3))), w.and(w.get(k), w.i32(7))),
              w.i32(1),
            ),
          ),
          ...w.set(k, w.add(w.get(k), w.i32(1))),
          ...w.br(0),
        ]),
      ),
    ]),
  );
  return f;
}

/** Ones in the lanes below a number, which may be any. */
export function lanesBelow(): FunctionBuilder {
  const f = new FunctionBuilder(["i32"], ["v128"]);
  const half = (from: number): Code => {
    // How many of these 64 lanes, from none to all.
    const n = w.sub(w.get(0), w.i32(from));
    const some = w.i64ShrU(w.i64(-1), w.extend(w.sub(w.i32(64), n)));
    const all = w.select(w.i64(-1), some, w.ge(n, w.i32(64)));
    return w.select(all, w.i64(0), w.gt(n, w.i32(0)));
  };
  f.code.push(...w.i64x2Replace(1, w.i64x2Splat(half(0)), half(64)));
  return f;
}

/**
 * How many of `count` values at an address are surely below a bound, which is at most 2^31 (2^8 of bytes): those before the first
 * block of 64 bytes with one that is not.
 */
function below(bytes: 1 | 4): FunctionBuilder {
  const f = new FunctionBuilder(["i32", "i32", "i32"], ["i32"]);
  const [at, count] = [w.get(0), w.get(1)];
  const [k, bound] = [f.local("i32"), f.local("v128")];
  const many = 64 / bytes;
  const [splat, atLeast] = bytes === 1 ? [w.i8x16Splat, w.i8x16GeU] : [w.i32x4Splat, w.i32x4GeU];
  const outside = [0, 16, 32, 48]
    .map((offset) => atLeast(w.v128Load(offset, at), w.get(bound)))
    .reduce((a, b) => w.vOr(a, b));
  f.code.push(
    ...w.set(bound, splat(w.get(2))),
    ...w.block(
      w.loop([
        ...w.brIf(1, w.gt(w.add(w.get(k), w.i32(many)), count)),
        ...w.brIf(1, w.anyTrue(outside)),
        ...w.set(0, w.add(at, w.i32(64))),
        ...w.set(k, w.add(w.get(k), w.i32(many))),
        ...w.br(0),
      ]),
    ),
    ...w.get(k),
  );
  return f;
}
export const bytesBelow = (): FunctionBuilder => below(1);
export const wordsBelow = (): FunctionBuilder => below(4);
