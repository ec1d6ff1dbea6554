// The host's side of the numeric kernel: one WebAssembly instance for the whole program, lent to one
// computation at a time with all of its memory. What it computes is written in assembly/ (docs/kernel.md).

import { KERNEL_BASE64 } from "./kernel_bytes.ts";

const PAGE_BYTES = 65536;
/** Every allocation begins on a cache line, which no vector load of a row mask then straddles. */
const ALIGNMENT = 64;
/** An instance whose memory grew beyond this is not kept: memory of WebAssembly cannot shrink. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/** What assembly/kernel.ts exports; addresses and counts are numbers, see there. */
export interface KernelFunctions {
  heapBase(): number;
  /** 1 where all values were finite as float32, else 0. */
  sumLeafValues(forest: number, rows: number, sums: number): number;
  searchByTree(search: number): void;
  searchByScan(search: number): void;
  sumDistances(groups: number): void;
}

/** An instance of the kernel with its memory, of which a computation takes what it needs. */
export class Kernel {
  readonly functions: KernelFunctions;
  readonly #memory: WebAssembly.Memory;
  #top: number;

  constructor(module: WebAssembly.Module) {
    this.#memory = new WebAssembly.Memory({ initial: 1 });
    const instance = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.functions = instance.exports as unknown as KernelFunctions;
    this.#top = aligned(this.functions.heapBase());
  }

  /**
   * Address of as many bytes, a multiple of 64; what they hold is left over from earlier uses. The
   * same allocations in a new loan have the same addresses.
   */
  allocate(byteLength: number): number {
    const address = this.#top;
    this.#top = aligned(address + byteLength);
    const missing = this.#top - this.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
    return address;
  }

  // Views of the memory. Growing it detaches them: make them after the last allocation.

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, address, length);
  }

  int32(address: number, length: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address, length);
  }

  float64(address: number, length: number): Float64Array {
    return new Float64Array(this.#memory.buffer, address, length);
  }

  /** Ends the loan: all memory is free again. */
  release(): void {
    this.#top = aligned(this.functions.heapBase());
  }

  get byteLength(): number {
    return this.#memory.buffer.byteLength;
  }
}

function aligned(address: number): number {
  return Math.ceil(address / ALIGNMENT) * ALIGNMENT;
}

/** Compiled at the first use; null where this runtime has no vector instructions (relaxed SIMD). */
let module: WebAssembly.Module | null | undefined;
/** The instance that waits for the next computation. */
let idle: Kernel | null = null;

function compile(): WebAssembly.Module | null {
  const bytes = Uint8Array.from(atob(KERNEL_BASE64), (character) => character.charCodeAt(0));
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
}

/**
 * Lends the kernel to `compute`, which must leave nothing behind in its memory that it needs later.
 * null where this runtime cannot run it; there the plain code has to do.
 */
export function withKernel<Result>(compute: (kernel: Kernel) => Result): Result | null {
  if (module === undefined) module = compile();
  if (module === null) return null;
  const kernel = idle ?? new Kernel(module);
  // A computation that asks for the kernel within its own loan gets another instance.
  idle = null;
  try {
    return compute(kernel);
  } finally {
    kernel.release();
    if (kernel.byteLength <= MAX_KEPT_BYTES) idle = kernel;
  }
}
