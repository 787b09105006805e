/** A program for the GPU as files that need no Fathom: an ES module, its shaders beside it, and the module's types. */
import type { Read } from "../../equations/system";
import { emitJs } from "../js/js";
import { declaration } from "../module-text";
import type { GpuPlan } from "./plan";

interface EmittedGpu {
  readonly js: string;
  readonly wgsl: string;
  readonly dts: string;
  /** The module that finds the levels of what waits for data, for programs that have such. */
  readonly levels: string | undefined;
}

interface EmitGpuOptions {
  readonly keep?: readonly string[] | undefined;
  readonly unproved?: ReadonlySet<Read> | undefined;
}

/**
 * `player` is the text of a module that exports `create`, `load` and `FathomError`: `@fathom/runtime-gpu/player`. The module looks for its shaders
 * at `./NAME.wgsl`, and for levels at `./NAME.levels.js`.
 */
export function emitGpu(
  { program, system, inspector }: GpuPlan,
  player: string,
  { keep = [], unproved = new Set() }: EmitGpuOptions = {},
): EmittedGpu {
  const { wgsl, ...data } = program;
  const names = (roles: readonly string[]) =>
    JSON.stringify(system.families.filter((f) => roles.includes(f.role)).map((f) => f.name));
  const js = [
    player.trimEnd(),
    "",
    `// ${program.name}: what the GPU is to do, and what it is given.`,
    `const program = ${JSON.stringify(data)};`,
    `const wgsl = await load(new URL(${JSON.stringify(`./${program.name}.wgsl`)}, import.meta.url));`,
    ...(inspector === undefined
      ? ["export const { run } = create({ ...program, wgsl });"]
      : [
          `const { runAsync: levels } = await import(${JSON.stringify(`./${program.name}.levels.js`)});`,
          "export const { run } = create({ ...program, wgsl }, levels);",
        ]),
    "export const runAsync = run;",
    `export const sizes = ${JSON.stringify(program.sizes.map((s) => s.name))};`,
    `export const inputs = ${names(["input", "param"])};`,
    `export const outputs = ${names(["output"])};`,
    "",
  ].join("\n");
  const levels = inspector === undefined ? undefined : emitJs(inspector, { unproved }).js;
  return { js, wgsl, dts: declaration(system, new Set(keep), true), levels };
}
