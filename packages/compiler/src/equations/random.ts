/**
 * The counter-based generator: Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As
 * Easy as 1, 2, 3", SC 2011). A value depends on the run's seed, the family's name and the instance's indices only.
 *
 * `uniform` refers to nothing outside, so that the emitter can print it into a module.
 */

/** FNV-1a over the UTF-8 bytes of a family's name. */
export function familyKey(name: string): number {
  let hash = 0x811c9dc5;
  for (const char of name) {
    const code = char.codePointAt(0)!;
    const bytes =
      code < 0x80
        ? [code]
        : code < 0x800
          ? [0xc0 | (code >> 6), 0x80 | (code & 63)]
          : [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** Both words of Threefry-2x32-20. */
export function threefry(
  key0: number,
  key1: number,
  counter0: number,
  counter1: number,
): readonly [number, number] {
  const keys = [key0 | 0, key1 | 0, 0x1bd11bda ^ key0 ^ key1];
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  let a = (counter0 + keys[0]!) | 0;
  let b = (counter1 + keys[1]!) | 0;
  for (let round = 0; round < 20; round++) {
    const by = rotations[round & 7]!;
    a = (a + b) | 0;
    b = ((b << by) | (b >>> (32 - by))) ^ a;
    if ((round & 3) === 3) {
      const step = (round >> 2) + 1;
      a = (a + keys[step % 3]!) | 0;
      b = (b + keys[(step + 1) % 3]! + step) | 0;
    }
  }
  return [a >>> 0, b >>> 0];
}

/** Uniform in [0, 1) with 24 bits. Indices are taken two at a time; more than two chain the key. */
export function uniform(seed: number, key: number, indices: readonly number[]): number {
  let [k0, k1] = [seed, key];
  let at = 0;
  do {
    [k0, k1] = threefry(k0, k1, indices[at] ?? 0, indices[at + 1] ?? 0) as [number, number];
    at += 2;
  } while (at < indices.length);
  return (k0 >>> 8) / 16777216;
}
