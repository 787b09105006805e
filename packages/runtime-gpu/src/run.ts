/** Follows a program on a device: buffers in, launches in short submits, results out whole or not at all. */
import {
  allocate,
  asksForOwnRounding,
  type ByLevel,
  type FamilyValues,
  type GpuLayout,
  type GpuProgram,
  IndexFault,
  inBanks,
  indexBeyond32,
  type Launch,
  launchesGpu,
  layoutGpu,
  levelsOf,
  listByLevel,
  type OwnRounding,
  packLanes,
  place,
  printIndex,
  type Sizes,
  shareBanks,
  showSizes,
  unpackLanes,
  withOwnRounding,
} from "@fathom/compiler";
import { type Diagnostic, diagnostic } from "@fathom/lang";
import { type Gpu, isSoftware } from "./device";
import { type Dispatch, type Position, piecesOf, startOf, workOf } from "./dispatches";
import { COMPUTED, FAULT_WORDS, faultOf } from "./faults";
import { ownRounding } from "./measure";

/** One run of a `GpuProgram`. */
export interface GpuRunOptions {
  readonly gpu: Gpu;
  /** Must satisfy `where`. */
  readonly sizes: Sizes;
  /** A value for every input and param family, bound as by `bindValues`. */
  readonly inputs: ReadonlyMap<string, FamilyValues>;
  readonly seed?: number | undefined;
  /** Ends the run between two submits, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called between submits with the work that is done, of the total. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Told just before the device computes and as soon as it has: for measurements. */
  readonly onSubmit?: ((phase: "before" | "after") => void) | undefined;
  /** Levels that the plan's inspector gave, `levelsOf(family)` by name: without, what waits for data is computed in rounds. */
  readonly levels?: Readonly<Record<string, FamilyValues>> | undefined;
  /** Milliseconds between copies of the device's memory, from which a lost device is taken up again; 1,000 without. */
  readonly checkpointMs?: number | undefined;
}

/** Whole results or diagnostics; never a part as if it were whole. */
export interface GpuResult {
  /** Outputs and the families kept; empty where a diagnostic says why. */
  readonly values: ReadonlyMap<string, FamilyValues>;
  readonly diagnostics: readonly Diagnostic[];
  /** What computed. */
  readonly device?: DeviceReport | undefined;
}

/** The device that computed, and what it was trusted with. */
export interface DeviceReport {
  readonly name: string;
  /** The processor in disguise. */
  readonly software: boolean;
  /** What was left to the device, as it was seen to round it; absent where the program neither divides nor takes roots. */
  readonly own?: OwnRounding | undefined;
}

const WORD = 4;
const SLOT = 256;
const SLOTS = 1024;
/** Calls times operands in the first submit; later ones are as long as `SUBMIT_MS` lets them. */
const FIRST_WORK = 2 ** 20;
const LEAST_WORK = 2 ** 14;
const SUBMIT_MS = 50;
const ROUNDS_AT_ONCE = 16;
const READ_BYTES = 2 ** 26;
const NAN = 0x7fc00000;
const INFINITY = 0x7f800000;
const TOLD_MS = 1000;
const CHECKPOINT_MS = 1000;
/** A copy of the memory may take this part of the time; larger memory than `CHECKPOINT_BYTES` is not copied. */
const CHECKPOINT_SHARE = 0.05;
const CHECKPOINT_BYTES = 2 ** 28;

const fail = (...diagnostics: Diagnostic[]): GpuResult => ({ values: new Map(), diagnostics });

/** For programs that do not ask, and devices that could not say. */
const NOTHING_OWN: OwnRounding = { quotients: false, roots: false };

function reportOf(device: GPUDevice, own: OwnRounding | undefined): DeviceReport {
  const { description, vendor, architecture } = device.adapterInfo;
  return { name: description || `${vendor} ${architecture}`.trim(), software: isSoftware(device), own };
}

/** The device went away in the middle of a run. */
class Lost extends Error {}
class OutOfMemory extends Error {}

/** Whom to tell that a device went away. A promise of it would remember all who ever asked, while the device stays. */
interface Watch {
  gone?: Lost;
  readonly tell: Set<(why: Lost) => void>;
}
const watches = new WeakMap<GPUDevice, Watch>();

function watchOf(device: GPUDevice): Watch {
  const known = watches.get(device);
  if (known !== undefined) return known;
  const made: Watch = { tell: new Set() };
  watches.set(device, made);
  void device.lost.then((info) => {
    made.gone = new Lost(info.message || info.reason);
    for (const tell of made.tell) tell(made.gone);
  });
  return made;
}

/** All that a run has reached: its memory, and what comes next. */
interface Checkpoint {
  readonly memory: readonly Int32Array[];
  readonly launch: number;
  readonly position: Position | undefined;
  readonly done: number;
}

/** Runs a program. A lost device is replaced once and the run taken up where it was last copied; then it is a diagnostic. */
export async function runOnGpu(program: GpuProgram, options: GpuRunOptions): Promise<GpuResult> {
  const { gpu, sizes } = options;
  const at = place(program.origin);
  let layout: GpuLayout;
  try {
    layout = layoutGpu(program, sizes);
  } catch (error) {
    if (!(error instanceof IndexFault)) throw error;
    const args = { what: error.message, found: showSizes(program, sizes), limit: "2^53", suggestion: "" };
    return fail(diagnostic("too-large", at, args));
  }
  const wide = indexBeyond32(program, sizes, (family) => layout.places[family]!);
  if (wide !== undefined) {
    const what = `the index expression ${printIndex(wide)}`;
    const args = { what, found: `more than 32 bits at ${showSizes(program, sizes)}`, limit: "32 bits" };
    return fail(diagnostic("gpu-too-small", at, args));
  }
  const bytes = layout.banks[0]! * WORD;
  let reached: Checkpoint | undefined;
  for (let tries = 0; ; tries++) {
    const device = await gpu.open();
    if (typeof device === "string") return fail(diagnostic("gpu-missing", at, { why: device }));
    const { maxStorageBufferBindingSize, maxBufferSize, maxStorageBuffersPerShaderStage } = device.limits;
    const words = Math.floor(Math.min(maxStorageBufferBindingSize, maxBufferSize) / WORD);
    const banks =
      bytes <= words * WORD
        ? layout.bankOf.map(() => 0)
        : shareBanks(layout, words, maxStorageBuffersPerShaderStage - 1);
    if (banks === undefined) {
      const limit = `${words * WORD} bytes for one family and ${maxStorageBuffersPerShaderStage - 1} such parts`;
      return fail(diagnostic("gpu-too-small", at, { what: program.name, found: `${bytes} bytes`, limit }));
    }
    // Places of a checkpoint are those of its banks.
    if (banks.some((b, k) => b !== layout.bankOf[k])) {
      layout = layoutGpu(program, sizes, banks);
      reached = undefined;
    }
    const asks = asksForOwnRounding(program.wgsl);
    const own = asks ? await ownRounding(device).catch(() => NOTHING_OWN) : NOTHING_OWN;
    const run = new Run(program, layout, device, options, own, reached);
    try {
      return { ...(await run.all()), device: reportOf(device, asks ? own : undefined) };
    } catch (error) {
      if (error instanceof OutOfMemory) {
        const args = { what: program.name, found: `${bytes} bytes`, limit: "less memory" };
        return fail(diagnostic("gpu-too-small", at, args));
      }
      if (!(error instanceof Lost)) throw error;
      if (tries > 0) return fail(diagnostic("gpu-lost", at, { why: error.message }));
      reached = run.reached;
    } finally {
      run.free();
    }
  }
}

/** Shaders as a device has compiled them, for the sizes of the last run. */
interface Shaders {
  readonly key: string;
  readonly module: GPUShaderModule;
  readonly bindings: GPUBindGroupLayout;
  readonly pipelines: Map<number, Promise<GPUComputePipeline>>;
}
const shaders = new WeakMap<GPUDevice, WeakMap<GpuProgram, Shaders>>();

function shadersOf(device: GPUDevice, program: GpuProgram, layout: GpuLayout, own: OwnRounding): Shaders {
  const known = shaders.get(device) ?? new WeakMap<GpuProgram, Shaders>();
  shaders.set(device, known);
  const key = JSON.stringify([
    layout.bankOf,
    layout.banks,
    program.overrides.map((o) => layout.overrides.get(o)),
  ]);
  const before = known.get(program);
  if (before?.key === key) return before;
  const storage = { visibility: GPUShaderStage.COMPUTE, buffer: { type: "storage" as const } };
  const made = {
    key,
    module: device.createShaderModule({
      code: withOwnRounding(inBanks(program.wgsl, layout), own),
      label: program.name,
    }),
    bindings: device.createBindGroupLayout({
      entries: [
        { ...storage, binding: 0, buffer: { type: "uniform", hasDynamicOffset: true } },
        { ...storage, binding: 1 },
        ...layout.banks.map((_, b) => ({ ...storage, binding: 2 + b })),
      ],
    }),
    pipelines: new Map(),
  };
  known.set(program, made);
  return made;
}

class Run {
  private readonly buffers: GPUBuffer[] = [];
  private readonly banks: GPUBuffer[];
  private readonly faults: GPUBuffer;
  private readonly faultsRead: GPUBuffer;
  private readonly uniforms: GPUBuffer;
  private readonly watch: Watch;
  private readonly shaders: Shaders;
  private readonly group: GPUBindGroup;
  private readonly pipelines = new Map<number, GPUComputePipeline>();
  /** Work that a submit may hold; grows and shrinks with the time that submits take. */
  private budget = FIRST_WORK;
  /** The device is the processor itself. */
  private readonly software: boolean;
  private readonly orders = new Map<number, ByLevel>();
  private done = 0;
  private total = 0;
  private checkpointAt: number;

  constructor(
    private readonly program: GpuProgram,
    private readonly layout: GpuLayout,
    private readonly device: GPUDevice,
    private readonly options: GpuRunOptions,
    own: OwnRounding,
    /** Where an earlier device was left; then, where this one is. */
    public reached: Checkpoint | undefined,
  ) {
    this.software = isSoftware(device);
    this.checkpointAt = performance.now() + (options.checkpointMs ?? CHECKPOINT_MS);
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    this.watch = watchOf(device);
    const { STORAGE, COPY_DST, COPY_SRC, UNIFORM, MAP_READ } = GPUBufferUsage;
    this.banks = layout.banks.map((words) => this.buffer(words * WORD, STORAGE | COPY_DST | COPY_SRC));
    this.faults = this.buffer(FAULT_WORDS * WORD, STORAGE | COPY_DST | COPY_SRC);
    this.faultsRead = this.buffer(FAULT_WORDS * WORD, MAP_READ | COPY_DST);
    this.uniforms = this.buffer(SLOT * SLOTS, UNIFORM | COPY_DST);
    this.shaders = shadersOf(device, program, layout, own);
    this.group = device.createBindGroup({
      layout: this.shaders.bindings,
      entries: [
        { binding: 0, resource: { buffer: this.uniforms, size: SLOT } },
        { binding: 1, resource: { buffer: this.faults } },
        ...this.banks.map((buffer, b) => ({ binding: 2 + b, resource: { buffer } })),
      ],
    });
  }

  private buffer(size: number, usage: number): GPUBuffer {
    const made = this.device.createBuffer({ size, usage });
    this.buffers.push(made);
    return made;
  }

  free(): void {
    for (const b of this.buffers) b.destroy();
  }

  private wait<T>(work: Promise<T>): Promise<T> {
    const { gone, tell } = this.watch;
    if (gone !== undefined) {
      work.catch(() => {});
      return Promise.reject(gone);
    }
    return new Promise((resolve, reject) => {
      tell.add(reject);
      const done = () => tell.delete(reject);
      work.then(
        (value) => {
          done();
          resolve(value);
        },
        // What was asked of a device that goes away may fail before its loss is told.
        (error) => {
          setTimeout(() => {
            done();
            reject(error);
          }, TOLD_MS);
        },
      );
    });
  }

  private launches(): Generator<Launch> {
    return launchesGpu(this.program, this.options.sizes, this.layout, this.software, this.orders);
  }

  async all(): Promise<GpuResult> {
    const { program, device, reached } = this;
    // Both before anything is waited for: a run beside this one has scopes of its own on the same stack.
    const scopes = Promise.all([device.popErrorScope(), device.popErrorScope()]);
    const [invalid, memory] = await this.wait(scopes);
    if (memory !== null) throw new OutOfMemory();
    if (invalid !== null) throw new Error(`the device refuses our buffers or shaders: ${invalid.message}`);
    this.writeInputs();
    reached?.memory.forEach((words, b) => {
      device.queue.writeBuffer(this.banks[b]!, 0, words as GPUAllowSharedBufferSource);
    });
    this.done = reached?.done ?? 0;
    const kernels = new Set<number>();
    for (const launch of this.launches()) {
      this.total += workOf(launch);
      if (launch.kind === "rounds") for (const k of launch.kernels) kernels.add(k.kernel);
      else kernels.add(launch.kernel);
    }
    await Promise.all([...kernels].map((k) => this.prepare(k)));
    const problem = await this.follow();
    if (problem !== undefined) return fail(problem);
    const values = new Map<string, FamilyValues>();
    for (const family of program.results) values.set(program.families[family]!.name, await this.read(family));
    return { values, diagnostics: [] };
  }

  /** Every launch, from where an earlier device was left. */
  private async follow(): Promise<Diagnostic | undefined> {
    const most = this.device.limits.maxComputeWorkgroupsPerDimension;
    const first = this.reached;
    let batch: Dispatch[] = [];
    let work = 0;
    const send = async (launch: number, position: Position | undefined): Promise<Diagnostic | undefined> => {
      const [sent, cost] = [batch, work];
      [batch, work] = [[], 0];
      if (sent.length === 0) return undefined;
      const problem = await this.submit(sent, cost);
      if (problem === undefined && performance.now() >= this.checkpointAt)
        await this.checkpoint(launch, position);
      return problem;
    };
    let number = -1;
    for (const launch of this.launches()) {
      number++;
      if (first !== undefined && number < first.launch) continue;
      if (launch.kind === "rounds") {
        const problem = (await send(number, undefined)) ?? (await this.rounds(launch));
        if (problem !== undefined) return problem;
        continue;
      }
      const from = (number === first?.launch ? first.position : undefined) ?? startOf(launch);
      for (const { dispatch, cost } of piecesOf(launch, from, most, () => this.budget)) {
        if (batch.length === SLOTS || (batch.length > 0 && work + cost > this.budget)) {
          const problem = await send(number, dispatch);
          if (problem !== undefined) return problem;
        }
        batch.push(dispatch);
        work += cost;
      }
    }
    return send(number + 1, undefined);
  }

  /** Copies all memory, so that a lost device costs what came after. */
  private async checkpoint(launch: number, position: Position | undefined): Promise<void> {
    const { layout, options, done } = this;
    const bytes = layout.banks.reduce((a, b) => a + b, 0) * WORD;
    if (bytes > CHECKPOINT_BYTES) return;
    const started = performance.now();
    const memory: Int32Array[] = [];
    for (const [b, words] of layout.banks.entries()) {
      const copy = new Int32Array(words);
      await this.copy(this.banks[b]!, 0, copy);
      memory.push(copy);
    }
    this.reached = { memory, launch, position, done };
    const now = performance.now();
    const pause = Math.max(options.checkpointMs ?? CHECKPOINT_MS, (now - started) / CHECKPOINT_SHARE);
    this.checkpointAt = now + pause;
  }

  /** Computes what is ready, until all is there; nothing new in a round means a cycle. */
  private async rounds(launch: Extract<Launch, { kind: "rounds" }>): Promise<Diagnostic | undefined> {
    const { program } = this;
    const most = this.device.limits.maxComputeWorkgroupsPerDimension;
    const before = (await this.readFaults())[COMPUTED]!;
    let computed = 0;
    for (let round = 1; computed < launch.instances; ) {
      const batch: Dispatch[] = [];
      let work = 0;
      for (let k = 0; k < ROUNDS_AT_ONCE && work < this.budget; k++, round++) {
        for (const { kernel, count, weight } of launch.kernels) {
          const one = { kind: "parallel", kernel, count, weight, time: 0, fixed: [] } as const;
          for (const { dispatch, cost } of piecesOf(one, startOf(one), most, () => this.budget)) {
            batch.push({ ...dispatch, round: round + 1 });
            work += cost;
          }
        }
      }
      for (let k = 0; k < batch.length; k += SLOTS) {
        const problem = await this.submit(batch.slice(k, k + SLOTS), 0);
        if (problem !== undefined) return problem;
      }
      const now = ((await this.readFaults())[COMPUTED]! - before) >>> 0;
      if (now === computed) {
        const families = launch.families.map((f) => program.families[f]!);
        const names = families.map((f) => f.name).join(", ");
        const args = { node: names, sizes: showSizes(program, this.options.sizes), path: names };
        return diagnostic("cycle", place(families[0]!.origin), args);
      }
      this.done += now - computed;
      computed = now;
      this.options.onProgress?.(this.done, this.total);
    }
    return undefined;
  }

  private async prepare(number: number): Promise<void> {
    const { label, entry } = this.program.kernels[number]!;
    const { device } = this;
    const { module, bindings, pipelines } = this.shaders;
    const constants = Object.fromEntries(
      this.program.overrides.map((o) => [o, this.layout.overrides.get(o)!]),
    );
    const known = pipelines.get(number);
    const made =
      known ??
      device.createComputePipelineAsync({
        layout: device.createPipelineLayout({ bindGroupLayouts: [bindings] }),
        compute: { module, entryPoint: entry, constants },
      });
    pipelines.set(number, made);
    // A rejected kernel is a fault of ours: say what the device's compiler found.
    const explained = made.catch(async (error: unknown) => {
      const { messages } = await module.getCompilationInfo();
      const found = messages.map((m) => `${m.lineNum}:${m.linePos} ${m.message}`).join("\n");
      throw found === "" ? error : new Error(`the kernel ${label} is rejected: ${found}`);
    });
    this.pipelines.set(number, await this.wait(explained));
  }

  /** Submits dispatches and waits for them; a fault of the program becomes its diagnostic. */
  private async submit(batch: readonly Dispatch[], work: number): Promise<Diagnostic | undefined> {
    const { device, options } = this;
    options.signal?.throwIfAborted();
    const words = new Int32Array((SLOT / WORD) * batch.length);
    batch.forEach((d, k) => {
      const seed = (options.seed ?? 0) | 0;
      words.set(
        [d.base, d.count, d.time, d.last, seed, NAN, INFINITY, 0, d.round, 0, 0, 0, ...d.fixed],
        (k * SLOT) / WORD,
      );
    });
    device.queue.writeBuffer(this.uniforms, 0, words);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let current = -1;
    batch.forEach((d, k) => {
      if (current !== d.kernel) pass.setPipeline(this.pipelines.get(d.kernel)!);
      current = d.kernel;
      pass.setBindGroup(0, this.group, [k * SLOT]);
      pass.dispatchWorkgroups(d.groups);
    });
    pass.end();
    encoder.copyBufferToBuffer(this.faults, 0, this.faultsRead, 0, FAULT_WORDS * WORD);
    const commands = encoder.finish();
    options.onSubmit?.("before");
    const started = performance.now();
    device.queue.submit([commands]);
    const faults = await this.mapFaults();
    const took = performance.now() - started;
    options.onSubmit?.("after");
    if (work > 0) {
      // The first submit of a kernel also compiles it: one slow submit says little, so shrinking is gentle.
      const wish = Math.min(4, Math.max(0.5, SUBMIT_MS / Math.max(took, 1)));
      if (wish < 1 || work > this.budget / 2)
        this.budget = Math.max(LEAST_WORK, Math.floor(this.budget * wish));
      this.done += work;
      options.onProgress?.(Math.min(this.done, this.total), this.total);
    }
    return faults[0] === 0 ? undefined : faultOf(this.program, options.sizes, faults);
  }

  private async mapFaults(): Promise<Uint32Array> {
    await this.wait(this.faultsRead.mapAsync(GPUMapMode.READ));
    const copy = new Uint32Array(this.faultsRead.getMappedRange()).slice();
    this.faultsRead.unmap();
    return copy;
  }

  private readFaults(): Promise<Uint32Array> {
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.faults, 0, this.faultsRead, 0, FAULT_WORDS * WORD);
    this.device.queue.submit([encoder.finish()]);
    return this.mapFaults();
  }

  private writeInputs(): void {
    const { device, layout, options } = this;
    for (const [number, { family, at, words }] of layout.places.entries()) {
      if (family.role !== "input" && family.role !== "param") continue;
      const given = options.inputs.get(family.name);
      if (given === undefined) throw new Error(`the input ${family.name} was not bound`);
      if (words === 0) continue;
      const { data } = given;
      const asWords =
        family.packed !== undefined
          ? packLanes(given, family.packed)
          : data instanceof Uint8Array
            ? Int32Array.from(data)
            : data;
      device.queue.writeBuffer(
        this.banks[layout.bankOf[number]!]!,
        at * WORD,
        asWords as GPUAllowSharedBufferSource,
      );
    }
    for (const [number, { family, ready }] of layout.places.entries()) {
      const levels = options.levels?.[levelsOf(family.name)];
      if (family.ordered === undefined || ready === undefined || levels === undefined) continue;
      const order = listByLevel(levels.data as Int32Array);
      this.orders.set(number, order);
      const bank = this.banks[layout.bankOf[number]!]!;
      device.queue.writeBuffer(bank, ready * WORD, order.list as GPUAllowSharedBufferSource);
      const starts = new Int32Array(order.starts.length + 1);
      starts[0] = order.starts.length - 1;
      starts.set(order.starts, 1);
      device.queue.writeBuffer(bank, layout.places[number]!.starts! * WORD, starts);
    }
    for (const { at, entries } of layout.tables)
      if (entries.length > 0) device.queue.writeBuffer(this.banks[0]!, at * WORD, Int32Array.from(entries));
  }

  private async read(number: number): Promise<FamilyValues> {
    const { family, lo, extent, at, words } = this.layout.places[number]!;
    const values = allocate(family, this.options.sizes, {
      lo,
      extent,
      points: extent.reduce((a, b) => a * b, 1),
    });
    const target = family.packed === undefined ? values.data : new Int32Array(words);
    await this.copy(this.banks[this.layout.bankOf[number]!]!, at, target);
    if (family.packed !== undefined) unpackLanes(target as Int32Array, values, family.packed);
    return values;
  }

  /** Words of a buffer from one place on, in parts. */
  private async copy(from: GPUBuffer, at: number, into: FamilyValues["data"]): Promise<void> {
    const step = READ_BYTES / WORD;
    for (let done = 0; done < into.length; done += step) {
      this.options.signal?.throwIfAborted();
      const count = Math.min(step, into.length - done);
      const staging = this.buffer(count * WORD, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(from, (at + done) * WORD, staging, 0, count * WORD);
      this.device.queue.submit([encoder.finish()]);
      await this.wait(staging.mapAsync(GPUMapMode.READ));
      const mapped = staging.getMappedRange();
      into.set(into instanceof Float32Array ? new Float32Array(mapped) : new Int32Array(mapped), done);
      staging.destroy();
    }
  }
}
