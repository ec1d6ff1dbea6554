// Reads the fixtures that make_fixtures.py and make_agreed.py have written: JSON with arrays as base64
// of their bytes, and digests where the arrays themselves would be megabytes.

import type { Matrix } from "../../src/domain/table.ts";

/** An array as `array()` of make_fixtures.py writes it. */
export interface FixtureArray {
  dtype: "F64" | "I32" | "I8" | "U32";
  shape: number[];
  base64: string;
}

/** The cases of a fixture file; their form is make_fixtures.py's. */
export function readFixture<Case>(name: string): Case[] {
  const url = new URL(`./fixtures/${name}.json`, import.meta.url);
  return JSON.parse(Deno.readTextFileSync(url));
}

/** The cases of a file of make_agreed.py, which two versions of scikit-learn have answered alike. */
export function readAgreed<Case>(name: string): Case[] {
  const url = new URL(`./fixtures/agreed_${name}.json`, import.meta.url);
  const { cases }: { cases: Case[] } = JSON.parse(Deno.readTextFileSync(url));
  return cases;
}

function bufferOf({ base64 }: FixtureArray): ArrayBuffer {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;
}

export function float64(array: FixtureArray): Float64Array {
  return new Float64Array(bufferOf(array));
}

export function int32(array: FixtureArray): Int32Array {
  return new Int32Array(bufferOf(array));
}

export function uint32(array: FixtureArray): Uint32Array {
  return new Uint32Array(bufferOf(array));
}

export function int8(array: FixtureArray): Int8Array {
  return new Int8Array(bufferOf(array));
}

export function matrix(array: FixtureArray): Matrix {
  const [rowCount = 0, columnCount = 0] = array.shape;
  return { rowCount, columnCount, values: float64(array) };
}

/** A Python `float.hex()`, which carries every bit: "-0x1.8p+1" is −3. */
export function hexFloat(text: string): number {
  const match = /^(-?)0x([01])\.([0-9a-f]+)p([+-]\d+)$/.exec(text);
  if (match === null) throw new Error(`Not a hexadecimal float: ${text}`);
  const [, sign, whole, fraction, exponent] = match;
  const mantissa = parseInt(`${whole}${fraction}`, 16) / 16 ** fraction!.length;
  return (sign ? -1 : 1) * mantissa * 2 ** Number(exponent);
}

/** Fails unless both have the same length and no element differs by more than `tolerance`. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: expected ${expected.length} values, found ${actual.length}`);
  }
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (difference <= tolerance) continue;
    throw new Error(`${what}[${i}] is ${actual[i]}, expected ${expected[i]} ± ${tolerance}`);
  }
}

/** SHA-256 of arrays one after the other, as `digest()` of make_agreed.py. */
export async function digest(...arrays: (Float64Array | Int32Array)[]): Promise<string> {
  const bytes = await new Blob(arrays.map((array) => array.slice())).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return btoa(String.fromCharCode(...hash));
}

/** What `some()` of make_agreed.py keeps of all scores. */
export function someOf(scores: Float64Array): Float64Array {
  const count = Math.min(scores.length, 30);
  return Float64Array.from({ length: count }, (_, i) => {
    if (i === count - 1) return scores[scores.length - 1]!;
    return scores[Math.trunc(i * ((scores.length - 1) / (count - 1)))]!;
  });
}
