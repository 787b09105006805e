/** Emitted code as a module that runs. The only place where emitted text becomes code. */
import { type Compiled, type EmitWasmOptions, emitJs, emitWasm, type FamilyValues } from "@fathom/compiler";

/** What an emitted module is run on. */
export interface ModuleOptions {
  readonly sizes: Readonly<Record<string, number>>;
  /** Flat values in row-major order. */
  readonly inputs: Readonly<Record<string, ArrayLike<number>>>;
  readonly seed?: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What `fathom build` writes, loaded. Both functions throw the module's own `FathomError`, whose `code` is a diagnostic's. */
export interface EmittedModule {
  run(options: ModuleOptions): Record<string, FamilyValues>;
  /** In slices, so that the caller stays alive and `signal` is heard. */
  runAsync(options: ModuleOptions): Promise<Record<string, FamilyValues>>;
}

const importText = (text: string): Promise<unknown> =>
  import(/* @vite-ignore */ `data:text/javascript;charset=utf-8,${encodeURIComponent(text)}`);

/** The module of a task, emitted and loaded: emitted text becomes code here and nowhere else. */
export async function loadModule(
  compiled: Pick<Compiled, "system" | "unproved">,
  target: "js" | "wasm",
  options: Omit<EmitWasmOptions, "unproved"> = {},
): Promise<EmittedModule> {
  const all = { ...options, unproved: compiled.unproved };
  if (target === "js") return (await importText(emitJs(compiled.system, all).js)) as EmittedModule;
  const { wasm, js } = emitWasm(compiled.system, all);
  const { create } = (await importText(js)) as { create: (bytes: Uint8Array) => EmittedModule };
  return create(wasm);
}
