// The largest error of each elementary function against binary64, over every k-th of all 2^32 binary32 numbers.
// Usage: node scripts/measure-ulp.mjs [k]      (after `npm run build`)
import { elementary } from "../packages/compiler/dist/index.js";

const step = Number(process.argv[2] ?? 101);
const bits = new Int32Array(1);
const floats = new Float32Array(bits.buffer);
const rank = (x) => {
  floats[0] = x;
  return bits[0] < 0 ? -2147483648 - bits[0] : bits[0];
};
for (const name of Object.keys(elementary)) {
  const ours = elementary[name]();
  let [worst, at, count] = [0, 0, 0];
  for (let n = -2147483648; n < 2147483648; n += step) {
    bits[0] = n;
    const x = floats[0];
    const exact = Math[name](x);
    if (Number.isNaN(exact)) continue;
    count++;
    const ulp = Math.abs(rank(ours(x)) - rank(Math.fround(exact)));
    if (ulp > worst) [worst, at] = [ulp, x];
  }
  console.log(
    `${name}: at most ${worst} ulp from the correctly rounded result (at ${at}), ${count} arguments`,
  );
}
