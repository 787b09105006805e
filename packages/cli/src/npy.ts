/** NumPy's `.npy` format, versions 1 to 3, C order: what inputs and outputs need of it. */

export interface Npy {
  readonly shape: readonly number[];
  readonly data: Float64Array | Float32Array | Int32Array | Uint8Array;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** Reads numbers; what is wrong is said in words. */
export function readNpy(bytes: Uint8Array): Npy | { readonly problem: string } {
  if (MAGIC.some((b, k) => bytes[k] !== b)) return { problem: "it does not begin as .npy files do" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = (bytes[6] ?? 1) >= 2;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const start = long ? 12 : 10;
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const type = /'descr'\s*:\s*'([^']+)'/.exec(header)?.[1];
  const shapeText = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (type === undefined || shapeText === undefined) return { problem: "its header names no type or shape" };
  const shape = shapeText
    .split(",")
    .map((s) => s.trim())
    .filter((s) => s !== "")
    .map(Number);
  if (/'fortran_order'\s*:\s*True/.test(header) && shape.length > 1)
    return { problem: "it is in Fortran order; save it with numpy.ascontiguousarray" };
  const count = shape.reduce((a, b) => a * b, 1);
  const readers: Readonly<Record<string, { readonly size: number; readonly get: (at: number) => number }>> = {
    "<f4": { size: 4, get: (at) => view.getFloat32(at, true) },
    "<f8": { size: 8, get: (at) => view.getFloat64(at, true) },
    "<i4": { size: 4, get: (at) => view.getInt32(at, true) },
    "<u4": { size: 4, get: (at) => view.getUint32(at, true) },
    "<i8": { size: 8, get: (at) => Number(view.getBigInt64(at, true)) },
    "<i2": { size: 2, get: (at) => view.getInt16(at, true) },
    "|u1": { size: 1, get: (at) => view.getUint8(at) },
    "|i1": { size: 1, get: (at) => view.getInt8(at) },
    "|b1": { size: 1, get: (at) => view.getUint8(at) },
  };
  const reader = readers[type];
  if (reader === undefined)
    return { problem: `its type ${type} is not read; ${Object.keys(readers).join(", ")} are` };
  const from = start + length;
  if (!Number.isSafeInteger(count) || bytes.byteLength - from < count * reader.size)
    return { problem: `it ends before its ${count} numbers do` };
  return { shape, data: Float64Array.from({ length: count }, (_, k) => reader.get(from + k * reader.size)) };
}

/** Writes a typed array with its shape. */
export function writeNpy({ shape, data }: Npy): Uint8Array {
  const type =
    data instanceof Float32Array
      ? "<f4"
      : data instanceof Int32Array
        ? "<i4"
        : data instanceof Uint8Array
          ? "|u1"
          : "<f8";
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.map((n) => `${n},`).join(" ")}), }`;
  const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11, " ");
  const bytes = new Uint8Array(10 + padded.length + 1 + data.byteLength);
  bytes.set([...MAGIC, 1, 0, (padded.length + 1) & 255, (padded.length + 1) >> 8]);
  bytes.set(new TextEncoder().encode(`${padded}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 11 + padded.length);
  return bytes;
}
