/** Draws each picture with one pixel a value, enlarged without smoothing. */
const pictures = JSON.parse(document.getElementById("data")!.textContent ?? "[]") as {
  readonly rows: readonly (readonly number[])[];
}[];

document.querySelectorAll("canvas").forEach((canvas, k) => {
  const rows = pictures[k]?.rows ?? [];
  const [height, width] = [rows.length, rows[0]?.length ?? 0];
  if (width === 0) return;
  const all = rows.flat();
  const low = all.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = all.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  canvas.width = width;
  canvas.height = height;
  const scale = Math.max(1, Math.min(16, Math.floor(640 / width)));
  canvas.style.width = `${width * scale}px`;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  all.forEach((v, at) => {
    const grey = high === low ? 255 : 255 - Math.round((255 * (v - low)) / (high - low));
    image.data.set([grey, grey, grey, 255], at * 4);
  });
  context.putImageData(image, 0, 0);
});
