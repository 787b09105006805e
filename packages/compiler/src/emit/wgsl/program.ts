/**
 * A task as a GPU runs it: shaders, and what to launch for any sizes. Plain data, the same after a trip through JSON: a runtime needs
 * nothing else, so a program that was built runs without the compiler. Families go by their number.
 */
import type { DiagnosticCode } from "@fathom/lang";
import type { Condition, Dim, Family, IndexExpr, System } from "../../equations/system";
import type { Tile } from "../../schedule/stencil";
import type { Folded } from "../../schedule/wavefront";

export interface GpuProgram extends Pick<System, "name" | "sizes" | "constraints" | "origin"> {
  readonly families: readonly GpuFamily[];
  readonly steps: readonly GpuStep[];
  /** One module with an entry point for each kernel. */
  readonly wgsl: string;
  readonly kernels: readonly GpuKernel[];
  /** Constants of the module that the host sets: see `GpuLayout.overrides`. */
  readonly overrides: readonly string[];
  readonly sites: readonly Site[];
  /** Contents of finite functions, which lie in bank 0. */
  readonly tables: readonly (readonly number[])[];
  /** Fewer patches than this are computed an instance a call. */
  readonly leastPatches: number;
  /** Outputs and the families kept. */
  readonly results: readonly number[];
}

export interface GpuKernel {
  /** The families it computes. */
  readonly label: string;
  readonly entry: string;
}

export interface GpuFamily extends Pick<Family, "name" | "role" | "dims" | "type" | "origin"> {
  /** The dimension along which 32 bits lie in a word. */
  readonly packed?: number | undefined;
  readonly folded?: Folded | undefined;
  /** Absent for what is given. */
  readonly placement?: Placement | undefined;
  readonly kernel?: number | undefined;
  /** A kernel for each piece, where a launch settles which piece applies: the first whose guard holds. */
  readonly choices?: readonly { readonly guard: Condition; readonly kernel: number }[] | undefined;
  readonly patch?: GpuPatch | undefined;
  /** Where levels can be known before: the kernel that takes instances from a list, and the dimensions that the list counts. */
  readonly ordered?: { readonly kernel: number; readonly kept: readonly number[] } | undefined;
  /** How often a call evaluates expressions anew: 32 where lanes of a word take turns. */
  readonly turns: number;
  readonly ranges: Ranges;
}

/** Several instances a call: `sides` along `dims`. */
export interface GpuPatch {
  readonly kernel: number;
  readonly dims: readonly number[];
  readonly sides: readonly number[];
}

/** How one call finds its instance. */
export interface Placement {
  /** Dimensions that serial loops around fix; their values come with the launch. */
  readonly fixed: readonly number[];
  /** The instance's time, from which the dimension `pivot` (of weight ±1) is solved. */
  readonly wave?: { readonly weights: readonly number[]; readonly pivot: number } | undefined;
  /** Computed in rounds, with these families: reads of them ask whether they are there. */
  readonly rounds?: readonly string[] | undefined;
  /** Taken from a list of places in these dimensions; the others count inside each. */
  readonly listed?: readonly number[] | undefined;
}

/** Static expressions as they are nested: some in a family's own indices, others in those of its reductions. */
export interface Ranges {
  readonly dims: readonly Dim[];
  readonly expressions: readonly IndexExpr[];
  readonly inner: readonly Ranges[];
}

export type GpuStep =
  | { readonly kind: "nest"; readonly family: number }
  | {
      readonly kind: "loop";
      readonly members: readonly GpuMember[];
      readonly body: readonly GpuStep[];
      /** The kernel that runs the whole loop inside one workgroup. */
      readonly oneGroup?: number | undefined;
      /** The kernel that runs columns through all times. */
      readonly columns?: number | undefined;
      readonly tiles?: GpuTiles | undefined;
    }
  | {
      readonly kind: "rounds";
      readonly families: readonly number[];
      /** Where levels can be known before: the kernel that runs narrow ones inside one workgroup. */
      readonly oneGroup?: number | undefined;
    };

/** A family of a loop: an instance's time is the sum of its indices, each times its weight, plus the offset. */
export interface GpuMember {
  readonly family: number;
  readonly weights: readonly number[];
  readonly offset: number;
  /** Until when anything reads it, where what comes later may be left out. */
  readonly wanted?: Wanted | undefined;
}

/** The latest time is that of the latest reader: after the loop, at a time that sizes give; in it, so many times before the reader. */
export interface Wanted {
  readonly after: readonly IndexExpr[];
  readonly inside: readonly { readonly family: number; readonly lag: number }[];
}

/** Several times of a tile in one launch. */
export interface GpuTiles {
  /** Where they save nothing too. */
  readonly always: boolean;
  readonly kernel: number;
  /** Tells loops apart in the names of overrides. */
  readonly number: number;
  readonly tile: Tile;
  readonly members: readonly { readonly family: number; readonly space: readonly number[] }[];
  /** The dimension of space that lies packed. */
  readonly packed?: number | undefined;
}

/** What a fault that a kernel raises means; its number is the place in the program's list. */
export interface Site {
  readonly code: Extract<
    DiagnosticCode,
    "too-large" | "index-outside" | "value-range" | "overflow" | "division-by-zero"
  >;
  /** For an overflow: the operation whose two operands come with it. */
  readonly op?: "add" | "sub" | "mul" | "div";
  readonly family?: string;
  /** The family read outside its range. */
  readonly read?: string;
  /** For a table: one more than the last row. */
  readonly rows?: number;
}

/** The most instances of one time that a workgroup takes on together with the times that follow. */
export const FUSED_WIDTH = 256;
/** Lanes of a workgroup where each has an instance of its own. */
export const GROUP = 64;
/** Instances of a bit family in a word. */
export const LANES = 32;

/** Names of what the host sets: in one place, as both sides use them. */
export const override = {
  size: (k: number) => `s${k}`,
  at: (family: number) => `f${family}_at`,
  /** Rounds in which instances were computed, or the list of instances by levels. */
  ready: (family: number) => `f${family}_ready`,
  /** Where the levels start in the list: how many there are, then the start of each, and the end. */
  starts: (family: number) => `f${family}_starts`,
  lo: (family: number, dim: number) => `f${family}_lo${dim}`,
  stride: (family: number, dim: number) => `f${family}_st${dim}`,
  extent: (family: number, dim: number) => `f${family}_ex${dim}`,
  count: (family: number) => `f${family}_n`,
  table: (table: number) => `t${table}_at`,
  /** How many tiles a loop has along a dimension of space, and where the first starts. */
  tiles: (step: number, dim: number) => `w${step}_n${dim}`,
  first: (step: number, dim: number) => `w${step}_lo${dim}`,
} as const;

const BANK = (bank: number): string =>
  `@group(0) @binding(${2 + bank}) var<storage, read_write> M${bank}: array<i32>;`;

/** The bindings of a module whose families lie in one bank, and the mark by which `inBanks` finds a family's memory. */
export const ONE_BANK = BANK(0);
export const memoryOf = (family: number, name: string): string =>
  `M0/*${family} ${name.replace(/[^A-Za-z0-9_.]/g, "_")}*/`;

/**
 * The module for a layout: families in banks of their own, where one storage buffer cannot hold all, and banks of known length, so that no access
 * asks for it (a third of the time of some loops on a software device).
 */
export function inBanks(
  wgsl: string,
  { bankOf, banks }: { readonly bankOf: readonly number[]; readonly banks: readonly number[] },
): string {
  const declared = banks.map((words, b) => BANK(b).replace("array<i32>", `array<i32, ${words}>`));
  return wgsl
    .replace(ONE_BANK, declared.join("\n"))
    .replace(/\bM0\/\*(\d+) /g, (_, family) => `M${bankOf[Number(family)]}/*${family} `);
}
