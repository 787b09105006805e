/**
 * A system as a WebAssembly module and the JavaScript around it. The order of computation, storage and lanes come from
 * the schedule; nothing is decided here but where a value is computed: an expression that does not change inside a loop
 * is computed before it.
 *
 * One exported function a step of the schedule, called in slices (`from`, `count`) of its outermost loop; it gives back how much is left.
 * So a run can report progress and be cancelled, and the engine can swap in better code between two calls.
 */
import { isGiven } from "@fathom/lang";
import { runPasses, runPipeline } from "../../equations/pass";
import type { Family, System } from "../../equations/system";
import { saveSlices } from "../../schedule/in-place";
import { packing } from "../../schedule/packing";
import { withPivots } from "../../schedule/pivots";
import { type Schedule, type Step, schedule, Unschedulable } from "../../schedule/schedule";
import type { EmitOptions } from "../js/js";
import { declaration } from "../module-text";
import { Demand } from "./demand";
import { type Code, encodeModule, FunctionBuilder, w } from "./encode";
import { type Forms, type HostPlan, Scope } from "./frame";
import { hostText } from "./host";

interface EmittedWasm {
  readonly wasm: Uint8Array;
  /** An ES module whose `create` takes the bytes, or the compiled `WebAssembly.Module`, and gives `run` and `runAsync`. */
  readonly js: string;
  readonly dts: string;
  readonly schedule: Schedule;
}

/** The options of JavaScript, and forms of code to force or forbid. */
export interface EmitWasmOptions extends EmitOptions {
  /** Which forms of code are used; tests ask for every one. */
  readonly forms?: Forms | undefined;
}

/** A task as a module of WebAssembly, by the same schedule as JavaScript and with the same bits. Sizes go up to `WASM_SIZE_LIMIT`. */
export function emitWasm(lowered: System, options: EmitWasmOptions = {}): EmittedWasm {
  const keep = new Set(options.keep ?? []);
  const unproved = options.unproved ?? new Set();
  const passes = [...runPasses(keep), saveSlices(keep, unproved)];
  const system = runPipeline(passes, lowered, { verify: false });
  const make = (plan: Schedule): EmittedWasm => {
    const packed = packing(system, {
      choice: options.checked === true ? "never" : options.forms?.packed,
      unproved,
      together: (f) => inRows(f, plan.steps),
      waiting: new Set(),
    });
    const forms = options.forms ?? {};
    const printer = new Printer(system, plan, packed, keep, options.checked === true, unproved, forms);
    const { wasm, host } = printer.module();
    return {
      wasm,
      js: hostText(system, plan, keep, host),
      dts: declaration(system, keep),
      schedule: plan,
    };
  };
  const byName = new Map(system.families.map((f) => [f.name, f]));
  const plan = withPivots(schedule(system, keep), byName, unproved);
  try {
    return make(plan);
  } catch (error) {
    if (!(error instanceof Unschedulable)) throw error;
    // Loops whose members disagree about ranges: compute everything on demand instead.
    const families = system.families.filter((f) => f.pieces.length > 0);
    return make({ steps: [{ kind: "demand", families }], folded: new Map() });
  }
}

/** The last dimension, where all its instances are computed in one nest; else nothing. */
function inRows(family: Family, steps: readonly Step[]): readonly number[] {
  const last = family.dims.length - 1;
  const find = (list: readonly Step[]): boolean =>
    list.some((s) =>
      s.kind === "nest"
        ? s.family === family && !s.fixed.has(last)
        : s.kind === "loop" && s.members.has(family.name) && find(s.body),
    );
  return last >= 0 && find(steps) ? [last] : [];
}

class Printer extends Demand {
  module(): { wasm: Uint8Array; host: HostPlan } {
    const steps: HostPlan["steps"][number][] = [];
    const random = this.system.families.filter((f) => f.role === "random");
    for (const step of [
      ...random.map((family): Step => ({ kind: "nest", family, fixed: new Set() })),
      ...this.plan.steps,
    ]) {
      const names: string[] = [];
      this.asksFromZero = false;
      this.step(step, names);
      const usual = names.splice(0);
      if (this.asksFromZero && !this.fromZero) {
        this.fromZero = true;
        this.step(step, names);
        this.fromZero = false;
      }
      steps.push(...usual.map((name, k) => ({ name, ...(names[k] && { fromZero: names[k] }) })));
    }
    // What the host asks of inputs.
    const given = this.system.families.filter(isGiven);
    const kinds = new Set(given.map((f) => f.type.kind));
    const check = (name: "bytesBelow" | "wordsBelow"): void => {
      this.exported.push({ name, index: this.libraryFunction(name) });
    };
    if (kinds.has("bit") || kinds.has("enum")) check("bytesBelow");
    if (kinds.has("index") || steps.some((s) => s.fromZero)) check("wordsBelow");
    const wasm = encodeModule({
      imports: [{ name: "fail", params: ["i32"] }],
      functions: this.functions,
      exports: this.exported,
      data: this.data,
    });
    const host: HostPlan = {
      parameters: this.parameters,
      end: this.end,
      steps,
      sites: this.sites,
      demanded: this.everDemanded,
      bits: this.bits,
      rings: this.rings,
      margin: this.margin,
    };
    return { wasm, host };
  }

  /** A function of the module for a step of the schedule. */
  protected step(step: Step, names: string[]): void {
    if (step.kind === "demand") {
      this.demand(step, names);
      return;
    }
    this.f = new FunctionBuilder(["i32", "i32"], ["i32"]);
    const left = this.f.local("i32");
    const root = new Scope(undefined);
    this.written = step.kind === "nest" ? new Set([step.family.name]) : new Set(step.members.keys());
    const body = new Scope(root);
    if (step.kind === "nest") this.member(step, body, { left });
    else this.timeLoop(step, body, { left });
    this.finish(root, body, names, w.get(left));
  }

  protected finish(root: Scope, body: Scope, names: string[], result: Code): void {
    for (const b of root.code) this.f.code.push(b);
    for (const b of body.code) this.f.code.push(b);
    this.f.code.push(...result);
    const index = this.addFunction(this.f);
    const name = `step${index}`;
    this.exported.push({ name, index });
    names.push(name);
  }
}
