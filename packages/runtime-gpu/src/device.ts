/** Where devices come from: the browser's WebGPU, or Dawn through the npm package `webgpu` in Node. */

/** A GPU that gives a device again after one was lost. */
export interface Gpu {
  /** The open device, or a new one; a text says why there is none. */
  open(): Promise<GPUDevice | string>;
  /** Lets go of the device. */
  close(): void;
}

// While this object is referenced, Dawn lives: when it is collected, the process ends with a segmentation fault.
let dawn: GPU | undefined;

async function provided(): Promise<GPU | string> {
  if (typeof navigator !== "undefined" && navigator.gpu !== undefined) return navigator.gpu;
  if (dawn !== undefined) return dawn;
  if (typeof process === "undefined") return "this browser has no WebGPU";
  try {
    // A name that bundlers for browsers do not follow.
    const name = "webgpu";
    const { create, globals } = (await import(name)) as {
      create(options: readonly string[]): GPU;
      globals: object;
    };
    Object.assign(globalThis, globals);
    dawn = create([]);
    return dawn;
  } catch (error) {
    return `the package webgpu does not load (${(error as Error).message})`;
  }
}

/** A device with all the memory its adapter offers; `from` stands in for the machine's own WebGPU. */
export function findGpu(from?: GPU): Gpu {
  let current: GPUDevice | undefined;
  let opening: Promise<GPUDevice | string> | undefined;

  async function request(): Promise<GPUDevice | string> {
    const gpu = from ?? (await provided());
    if (typeof gpu === "string") return gpu;
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (adapter === null) return "no adapter was found";
    const { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage } = adapter.limits;
    const device = await adapter.requestDevice({
      requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxStorageBuffersPerShaderStage },
    });
    current = device;
    void device.lost.then(() => {
      if (current === device) current = undefined;
    });
    return device;
  }

  return {
    async open() {
      if (current !== undefined) return current;
      // Two that ask at once get the same device.
      opening ??= request().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    close() {
      current?.destroy();
      current = undefined;
    },
  };
}

/** Whether a device is the processor in disguise: SwiftShader, llvmpipe and the like. */
export function isSoftware({ adapterInfo }: GPUDevice): boolean {
  return (
    adapterInfo.isFallbackAdapter ||
    /swiftshader|llvmpipe|lavapipe|software/i.test(
      `${adapterInfo.architecture} ${adapterInfo.description} ${adapterInfo.device}`,
    )
  );
}
