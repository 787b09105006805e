/** Follows a plan on a device: buffers in, launches in short submits, results out whole or not at all. */
import {
  allocate,
  type Family,
  type FamilyPlace,
  type FamilyValues,
  type GpuKernel,
  type GpuLayout,
  type GpuPlan,
  IndexFault,
  indexBeyond32,
  type Launch,
  launchesGpu,
  layoutGpu,
  packLanes,
  place,
  planGpu,
  printIndex,
  printInstance,
  type Sizes,
  shareBanks,
  showSizes,
  unpackLanes,
} from "@fathom/compiler";
import { type Diagnostic, diagnostic } from "@fathom/lang";
import { type Gpu, isSoftware } from "./device";

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
}

export interface GpuResult {
  /** Outputs and the families kept; empty where a diagnostic says why. */
  readonly values: ReadonlyMap<string, FamilyValues>;
  readonly diagnostics: readonly Diagnostic[];
}

const WORD = 4;
const SLOT = 256;
const SLOTS = 1024;
const GROUP = 64;
/** Calls times operands in the first submit; later ones are as long as `SUBMIT_MS` lets them. */
const FIRST_WORK = 2 ** 20;
const LEAST_WORK = 2 ** 14;
const SUBMIT_MS = 50;
const ROUNDS_AT_ONCE = 16;
const READ_BYTES = 2 ** 26;
const NAN = 0x7fc00000;
const INFINITY = 0x7f800000;

const fail = (...diagnostics: Diagnostic[]): GpuResult => ({ values: new Map(), diagnostics });

/** The device went away in the middle of a run. */
class Lost extends Error {}

/** Runs a plan. A lost device is tried once more from the start; then it is a diagnostic. */
export async function runOnGpu(plan: GpuPlan, options: GpuRunOptions): Promise<GpuResult> {
  const { gpu, sizes } = options;
  const at = place(plan.system.origin);
  let layout: GpuLayout;
  try {
    layout = layoutGpu(plan, sizes);
  } catch (error) {
    if (!(error instanceof IndexFault)) throw error;
    const args = { what: error.message, found: showSizes(plan.system, sizes), limit: "2^53", suggestion: "" };
    return fail(diagnostic("too-large", at, args));
  }
  const wide = indexBeyond32(plan, sizes, layout);
  if (wide !== undefined) {
    const what = `the index expression ${printIndex(wide)}`;
    const args = { what, found: `more than 32 bits at ${showSizes(plan.system, sizes)}`, limit: "32 bits" };
    return fail(diagnostic("gpu-too-small", at, args));
  }
  for (let tries = 0; ; tries++) {
    const device = await gpu.open();
    if (typeof device === "string") return fail(diagnostic("gpu-missing", at, { why: device }));
    const { limits } = device;
    const words = Math.floor(Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize) / WORD);
    let used = plan;
    if (layout.banks.some((w) => w > words)) {
      const banks = shareBanks(layout, words, limits.maxStorageBuffersPerShaderStage - 1);
      if (banks === undefined) {
        const needed = layout.banks.reduce((a, b) => a + b, 0);
        const args = {
          what: plan.system.name,
          found: `${needed * WORD} bytes`,
          limit: `${words * WORD} bytes for one family and ${limits.maxStorageBuffersPerShaderStage - 1} such parts`,
        };
        return fail(diagnostic("gpu-too-small", at, args));
      }
      used = planGpu(plan.lowered, { ...plan.options, banks });
      layout = layoutGpu(used, sizes);
    }
    const run = new Run(used, layout, device, options);
    try {
      return await run.all();
    } catch (error) {
      if (error instanceof OutOfMemory) {
        const needed = layout.banks.reduce((a, b) => a + b, 0) * WORD;
        const args = { what: plan.system.name, found: `${needed} bytes`, limit: "less memory" };
        return fail(diagnostic("gpu-too-small", at, args));
      }
      if (!(error instanceof Lost)) throw error;
      if (tries > 0) return fail(diagnostic("gpu-lost", at, { why: error.message }));
    } finally {
      run.free();
    }
  }
}

class OutOfMemory extends Error {}

/** One dispatch with what its uniform says. */
interface Dispatch {
  readonly kernel: number;
  readonly groups: number;
  readonly base: number;
  readonly count: number;
  readonly time: number;
  readonly last: number;
  readonly round: number;
  readonly fixed: readonly number[];
}

class Run {
  private readonly buffers: GPUBuffer[] = [];
  private readonly banks: GPUBuffer[];
  private readonly faults: GPUBuffer;
  private readonly faultsRead: GPUBuffer;
  private readonly uniforms: GPUBuffer;
  private readonly lost: Promise<never>;
  private readonly pipelines = new Map<number, { pipeline: GPUComputePipeline; group: GPUBindGroup }>();
  /** Work that a submit may hold; grows and shrinks with the time that submits take. */
  private budget = FIRST_WORK;
  /** The device is the processor itself. */
  private readonly software: boolean;
  private done = 0;
  private total = 0;

  constructor(
    private readonly plan: GpuPlan,
    private readonly layout: GpuLayout,
    private readonly device: GPUDevice,
    private readonly options: GpuRunOptions,
  ) {
    this.software = isSoftware(device);
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    this.lost = device.lost.then((info) => {
      throw new Lost(info.message || info.reason);
    });
    this.lost.catch(() => {});
    const { STORAGE, COPY_DST, COPY_SRC, UNIFORM, MAP_READ } = GPUBufferUsage;
    this.banks = layout.banks.map((words) => this.buffer(words * WORD, STORAGE | COPY_DST | COPY_SRC));
    this.faults = this.buffer(16 * WORD, STORAGE | COPY_DST | COPY_SRC);
    this.faultsRead = this.buffer(16 * WORD, MAP_READ | COPY_DST);
    this.uniforms = this.buffer(SLOT * SLOTS, UNIFORM | COPY_DST);
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
    return Promise.race([work, this.lost]);
  }

  async all(): Promise<GpuResult> {
    const { plan, layout, options } = this;
    const invalid = await this.wait(this.device.popErrorScope());
    const memory = await this.wait(this.device.popErrorScope());
    if (memory !== null) throw new OutOfMemory();
    if (invalid !== null) throw new Error(`the device refuses our buffers: ${invalid.message}`);
    this.writeInputs();
    const kernels = new Set<number>();
    for (const launch of launchesGpu(plan, options.sizes, layout, this.software)) {
      this.total += workOf(launch);
      if (launch.kind === "rounds") for (const k of launch.kernels) kernels.add(k.kernel);
      else kernels.add(launch.kernel);
    }
    await Promise.all([...kernels].map((k) => this.prepare(k)));
    let batch: Dispatch[] = [];
    let work = 0;
    const send = async (): Promise<Diagnostic | undefined> => {
      if (batch.length === 0) return undefined;
      const sent = batch;
      const cost = work;
      [batch, work] = [[], 0];
      return this.submit(sent, cost);
    };
    for (const launch of launchesGpu(plan, options.sizes, layout, this.software)) {
      if (launch.kind === "rounds") {
        const problem = (await send()) ?? (await this.rounds(launch));
        if (problem !== undefined) return fail(problem);
        continue;
      }
      for (const [dispatch, cost] of this.pieces(launch)) {
        if (batch.length === SLOTS || (batch.length > 0 && work + cost > this.budget)) {
          const problem = await send();
          if (problem !== undefined) return fail(problem);
        }
        batch.push(dispatch);
        work += cost;
      }
    }
    const problem = await send();
    if (problem !== undefined) return fail(problem);
    const values = new Map<string, FamilyValues>();
    for (const family of plan.results) values.set(family.name, await this.read(family));
    return { values, diagnostics: [] };
  }

  /** A launch cut so that each dispatch keeps to the device's limits and to the budget. */
  private *pieces(launch: Exclude<Launch, { kind: "rounds" }>): Generator<readonly [Dispatch, number]> {
    const shared = { kernel: launch.kernel, round: 0 };
    if (launch.kind === "fused") {
      for (let time = launch.time; time <= launch.last; ) {
        const times = Math.max(1, Math.floor(this.budget / (launch.weight * FUSED_COST)));
        const last = Math.min(launch.last, time + times - 1);
        yield [
          { ...shared, groups: 1, base: 0, count: 0, time, last, fixed: [] },
          (last - time + 1) * launch.weight * FUSED_COST,
        ];
        time = last + 1;
      }
      return;
    }
    if (launch.kind === "columns") {
      const { count, weight } = launch;
      const most = this.device.limits.maxComputeWorkgroupsPerDimension * GROUP;
      for (let base = 0; base < count; base += most) {
        const now = Math.min(count - base, most);
        const groups = Math.ceil(now / GROUP);
        // A lane alone takes as long as a whole workgroup.
        const cost = groups * GROUP * weight;
        for (let time = launch.time; time <= launch.last; ) {
          const times = Math.max(1, Math.floor(this.budget / cost));
          const last = Math.min(launch.last, time + times - 1);
          yield [{ ...shared, groups, base, count: now, time, last, fixed: [] }, (last - time + 1) * cost];
          time = last + 1;
        }
      }
      return;
    }
    if (launch.kind === "tiles") {
      const { time, last, count, weight } = launch;
      const most = this.device.limits.maxComputeWorkgroupsPerDimension;
      for (let base = 0; base < count; ) {
        const groups = Math.min(count - base, most, Math.max(1, Math.floor(this.budget / weight)));
        yield [{ ...shared, groups, base, count: 0, time, last, fixed: [] }, groups * weight];
        base += groups;
      }
      return;
    }
    const { count, weight, time, fixed } = launch;
    const most = this.device.limits.maxComputeWorkgroupsPerDimension * GROUP;
    for (let base = 0; base < count; ) {
      const allowed = Math.max(GROUP, Math.floor(this.budget / weight / GROUP) * GROUP);
      const now = Math.min(count - base, most, allowed);
      yield [
        { ...shared, groups: Math.ceil(now / GROUP), base, count: now, time, last: 0, fixed },
        now * weight,
      ];
      base += now;
    }
  }

  /** Computes what is ready, until all is there; nothing new in a round means a cycle. */
  private async rounds(launch: Extract<Launch, { kind: "rounds" }>): Promise<Diagnostic | undefined> {
    const before = (await this.readFaults())[COMPUTED]!;
    let computed = 0;
    for (let round = 1; computed < launch.instances; ) {
      const batch: Dispatch[] = [];
      let work = 0;
      for (let k = 0; k < ROUNDS_AT_ONCE && work < this.budget; k++, round++) {
        for (const { kernel, count, weight } of launch.kernels) {
          for (const [d, cost] of this.pieces({
            kind: "parallel",
            kernel,
            count,
            weight,
            time: 0,
            fixed: [],
          })) {
            batch.push({ ...d, round: round + 1 });
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
        const names = launch.families.map((f) => f.name).join(", ");
        const args = { node: names, sizes: showSizes(this.plan.system, this.options.sizes), path: names };
        return diagnostic("cycle", place(launch.families[0]!.origin), args);
      }
      this.done += now - computed;
      computed = now;
      this.options.onProgress?.(this.done, this.total);
    }
    return undefined;
  }

  private async prepare(number: number): Promise<void> {
    const kernel: GpuKernel = this.plan.kernels[number]!;
    const { device } = this;
    const module = device.createShaderModule({ code: kernel.wgsl, label: kernel.label });
    const { COMPUTE } = GPUShaderStage;
    const layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: COMPUTE, buffer: { type: "uniform", hasDynamicOffset: true } },
        { binding: 1, visibility: COMPUTE, buffer: { type: "storage" } },
        ...kernel.banks.map((b) => ({
          binding: 2 + b,
          visibility: COMPUTE,
          buffer: { type: "storage" as const },
        })),
      ],
    });
    const constants = Object.fromEntries(kernel.overrides.map((o) => [o, this.layout.overrides.get(o)!]));
    const made = device.createComputePipelineAsync({
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main", constants },
    });
    // A rejected kernel is a fault of ours: say what the device's compiler found.
    const explained = made.catch(async (error: unknown) => {
      const { messages } = await module.getCompilationInfo();
      const found = messages.map((m) => `${m.lineNum}:${m.linePos} ${m.message}`).join("\n");
      throw found === "" ? error : new Error(`the kernel ${kernel.label} is rejected: ${found}`);
    });
    const pipeline = await this.wait(explained);
    const group = device.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: { buffer: this.uniforms, size: SLOT } },
        { binding: 1, resource: { buffer: this.faults } },
        ...kernel.banks.map((b) => ({ binding: 2 + b, resource: { buffer: this.banks[b]! } })),
      ],
    });
    this.pipelines.set(number, { pipeline, group });
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
      const { pipeline, group } = this.pipelines.get(d.kernel)!;
      if (current !== d.kernel) pass.setPipeline(pipeline);
      current = d.kernel;
      pass.setBindGroup(0, group, [k * SLOT]);
      pass.dispatchWorkgroups(d.groups);
    });
    pass.end();
    encoder.copyBufferToBuffer(this.faults, 0, this.faultsRead, 0, 16 * WORD);
    const started = performance.now();
    device.queue.submit([encoder.finish()]);
    const faults = await this.mapFaults();
    const took = performance.now() - started;
    if (work > 0) {
      // The first submit of a kernel also compiles it: one slow submit says little, so shrinking is gentle.
      const wish = Math.min(4, Math.max(0.5, SUBMIT_MS / Math.max(took, 1)));
      if (wish < 1 || work > this.budget / 2)
        this.budget = Math.max(LEAST_WORK, Math.floor(this.budget * wish));
      this.done += work;
      options.onProgress?.(Math.min(this.done, this.total), this.total);
    }
    return faults[0] === 0 ? undefined : this.fault(faults);
  }

  private async mapFaults(): Promise<Uint32Array> {
    await this.wait(this.faultsRead.mapAsync(GPUMapMode.READ));
    const copy = new Uint32Array(this.faultsRead.getMappedRange()).slice();
    this.faultsRead.unmap();
    return copy;
  }

  private readFaults(): Promise<Uint32Array> {
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.faults, 0, this.faultsRead, 0, 16 * WORD);
    this.device.queue.submit([encoder.finish()]);
    return this.mapFaults();
  }

  private fault(words: Uint32Array): Diagnostic {
    const { system, sites } = this.plan;
    const number = words[1]!;
    const site = sites[number]!;
    const values = Array.from(new Int32Array(words.buffer, 2 * WORD, 8));
    const byName = (name: string): Family => system.families.find((f) => f.name === name)!;
    if (site.code === "too-large") {
      const what =
        number === 0
          ? "an index expression divides by zero"
          : `2^${values[0]} in an index expression is out of range`;
      const found = showSizes(system, this.options.sizes);
      return diagnostic("too-large", place(system.origin), { what, found, limit: "2^30", suggestion: "" });
    }
    const family = byName(site.family!);
    const rank = family.dims.length;
    const element = printInstance(family.name, values.slice(0, rank));
    if (site.code === "index-outside") {
      const source = byName(site.read!);
      const read = printInstance(source.name, values.slice(rank, rank + source.dims.length));
      return diagnostic("index-outside", place(family.origin), { element, read, family: source.name });
    }
    const [found, bound] = [values[rank]!, site.rows ?? values[rank + 1]!];
    return diagnostic("value-range", place(family.origin), { element, found, expected: `0..${bound}` });
  }

  private writeInputs(): void {
    const { device, layout, options } = this;
    for (const { family, at, words } of layout.families.values()) {
      if (family.role !== "input" && family.role !== "param") continue;
      const given = options.inputs.get(family.name);
      if (given === undefined) throw new Error(`the input ${family.name} was not bound`);
      if (words === 0) continue;
      const { data } = given;
      const packed = this.plan.packed.get(family.name);
      const asWords =
        packed !== undefined
          ? packLanes(given, packed.dim)
          : data instanceof Uint8Array
            ? Int32Array.from(data)
            : data;
      device.queue.writeBuffer(
        this.banks[this.plan.bankOf(family.name)]!,
        at * WORD,
        asWords as GPUAllowSharedBufferSource,
      );
    }
    for (const { at, entries } of layout.tables)
      if (entries.length > 0) device.queue.writeBuffer(this.banks[0]!, at * WORD, Int32Array.from(entries));
  }

  private async read(family: Family): Promise<FamilyValues> {
    const { lo, extent, at, words }: FamilyPlace = this.layout.families.get(family.name)!;
    const values = allocate(family, this.options.sizes, {
      lo,
      extent,
      points: extent.reduce((a, b) => a * b, 1),
    });
    const packed = this.plan.packed.get(family.name);
    const target = packed === undefined ? values.data : new Int32Array(words);
    const bank = this.banks[this.plan.bankOf(family.name)]!;
    const step = READ_BYTES / WORD;
    for (let from = 0; from < words; from += step) {
      this.options.signal?.throwIfAborted();
      const count = Math.min(step, words - from);
      const staging = this.buffer(count * WORD, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
      const encoder = this.device.createCommandEncoder();
      encoder.copyBufferToBuffer(bank, (at + from) * WORD, staging, 0, count * WORD);
      this.device.queue.submit([encoder.finish()]);
      await this.wait(staging.mapAsync(GPUMapMode.READ));
      const mapped = staging.getMappedRange();
      target.set(target instanceof Float32Array ? new Float32Array(mapped) : new Int32Array(mapped), from);
      staging.destroy();
    }
    if (packed !== undefined) unpackLanes(target as Int32Array, values, packed.dim);
    return values;
  }
}

/** A time inside one workgroup costs about as much as this many calls side by side. */
const FUSED_COST = 256;
/** The word in which kernels count what rounds computed. */
const COMPUTED = 10;

function workOf(launch: Launch): number {
  switch (launch.kind) {
    case "parallel":
    case "tiles":
      return launch.count * launch.weight;
    case "fused":
      return (launch.last - launch.time + 1) * launch.weight * FUSED_COST;
    case "columns":
      return (launch.last - launch.time + 1) * Math.ceil(launch.count / GROUP) * GROUP * launch.weight;
    case "rounds":
      return launch.instances;
  }
}
