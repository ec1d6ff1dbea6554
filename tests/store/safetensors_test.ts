// The safetensors format: round trips, bytes by hand, and files that must be refused.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import type { TensorFile } from "../../src/domain/tensors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/store/safetensors.ts";

/** A file of this header and data, as any program could have written it. */
function fileOf(header: unknown, data: number[] = [], text = JSON.stringify(header)): Uint8Array {
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

function headerOf(bytes: Uint8Array): string {
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return new TextDecoder().decode(bytes.subarray(8, 8 + length));
}

const SAMPLE: TensorFile = {
  tensors: {
    "b": { dtype: "U8", shape: [3], data: Uint8Array.of(7, 8, 9) },
    "a": { dtype: "U8", shape: [1], data: Uint8Array.of(6) },
    "wide": { dtype: "F64", shape: [2, 1], data: Float64Array.of(0.1, -0) },
  },
  metadata: { z: "1", format: "test" },
};

Deno.test("encodeSafetensors() writes length, header and data as the format says", () => {
  const bytes = encodeSafetensors(SAMPLE);
  const expected = `{"__metadata__":{"format":"test","z":"1"},` +
    `"wide":{"dtype":"F64","shape":[2,1],"data_offsets":[0,16]},` +
    `"a":{"dtype":"U8","shape":[1],"data_offsets":[16,17]},` +
    `"b":{"dtype":"U8","shape":[3],"data_offsets":[17,20]}}`;
  const header = headerOf(bytes);
  assertEquals(header.trimEnd(), expected);
  assertEquals((8 + header.length) % 8, 0);
  const data = bytes.slice(8 + header.length);
  assertEquals(new Float64Array(data.buffer, 0, 2), Float64Array.of(0.1, -0));
  assertEquals(data.slice(16), Uint8Array.of(6, 7, 8, 9));
});

Deno.test("encoding does not depend on the order in which things were put in", () => {
  const turned: TensorFile = {
    tensors: Object.fromEntries(Object.entries(SAMPLE.tensors).toReversed()),
    metadata: Object.fromEntries(Object.entries(SAMPLE.metadata).toReversed()),
  };
  assertEquals(encodeSafetensors(turned), encodeSafetensors(SAMPLE));
});

Deno.test("what was encoded is decoded to the same bits, from any place in memory", () => {
  const bits = fc.uint8Array({ minLength: 0, maxLength: 40 });
  const name = fc.oneof(fc.string(), fc.constantFrom("__proto__", "7", "constructor"))
    .filter((text) => text !== "__metadata__");
  const tensor = fc.oneof(
    bits.map((b) => {
      const data = new Float64Array(b.slice(0, b.length & ~7).buffer);
      return { dtype: "F64" as const, shape: [data.length], data };
    }),
    fc.float32Array({ maxLength: 9 }).map((data) => ({
      dtype: "F32" as const,
      shape: [1, data.length],
      data,
    })),
    fc.int32Array({ maxLength: 9 }).map((data) => ({
      dtype: "I32" as const,
      shape: [data.length],
      data,
    })),
    fc.uint16Array({ maxLength: 9 }).map((data) => ({
      dtype: "U16" as const,
      shape: [data.length],
      data,
    })),
    bits.map((data) => ({ dtype: "U8" as const, shape: [data.length], data })),
    fc.integer({ min: -128, max: 127 }).map((value) => ({
      dtype: "I8" as const,
      shape: [],
      data: Int8Array.of(value),
    })),
  );
  const file = fc.record({
    tensors: fc.array(fc.tuple(name, tensor), { maxLength: 6 }).map(Object.fromEntries),
    metadata: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 4 })
      .map(Object.fromEntries),
  });
  fc.assert(
    fc.property(file, fc.integer({ min: 0, max: 7 }), (original: TensorFile, shift) => {
      const bytes = encodeSafetensors(original);
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      const decoded = decodeSafetensors(moved.subarray(shift));
      assertEquals(decoded.metadata, sortKeys(original.metadata));
      assertEquals(Object.keys(decoded.tensors).sort(), Object.keys(original.tensors).sort());
      assertEquals(encodeSafetensors(decoded), bytes);
      for (const [key, { dtype, shape, data }] of Object.entries(original.tensors)) {
        const copy = decoded.tensors[key]!;
        assertEquals([copy.dtype, copy.shape], [dtype, shape]);
        assertEquals(new Uint8Array(copy.data.buffer), new Uint8Array(data.slice().buffer));
      }
    }),
    { seed: 42 },
  );
});

function sortKeys(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}

Deno.test("a tensor that is a view of a larger array is written alone", () => {
  const data = Float64Array.of(1, 2, 3).subarray(1, 2);
  const bytes = encodeSafetensors({
    tensors: { x: { dtype: "F64", shape: [1], data } },
    metadata: {},
  });
  assertEquals(decodeSafetensors(bytes).tensors["x"]?.data, Float64Array.of(2));
});

Deno.test("decodeSafetensors() reads a file that another program wrote", () => {
  const header = {
    later: { dtype: "U8", shape: [2], data_offsets: [4, 6] },
    first: { dtype: "I32", shape: [], data_offsets: [0, 4] },
    none: { dtype: "F64", shape: [0, 3], data_offsets: [6, 6] },
  };
  const { tensors, metadata } = decodeSafetensors(fileOf(header, [1, 1, 0, 0, 5, 6]));
  assertEquals(metadata, {});
  assertEquals(tensors["first"]?.data, Int32Array.of(257));
  assertEquals(tensors["later"]?.data, Uint8Array.of(5, 6));
  assertEquals(tensors["none"]?.data, new Float64Array(0));
});

const byte = (data_offsets: unknown, dtype: unknown = "U8", shape: unknown = [1]) => ({
  dtype,
  shape,
  data_offsets,
});

/** Sound but for a byte within a text that no UTF-8 has. */
function notUtf8(): Uint8Array {
  const bytes = fileOf({ __metadata__: { a: "?" } });
  bytes[bytes.indexOf("?".charCodeAt(0))] = 0xff;
  return bytes;
}

const REFUSED: [what: string, bytes: Uint8Array, message: string][] = [
  ["nothing", new Uint8Array(0), "it has 0 bytes"],
  ["a header beyond the end", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 123, 125), "claims 3 bytes"],
  ["a header of 2⁶³ bytes", Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 128), "claims 9223372036854775808"],
  ["a header that is no JSON", fileOf(null, [], "{"), "cannot be parsed"],
  ["a header that is no UTF-8", notUtf8(), "cannot be parsed"],
  ["a header that is a list", fileOf([]), "no JSON object"],
  ["metadata that is no text", fileOf({ __metadata__: { a: 1 } }), "__metadata__"],
  ["a tensor that is no object", fileOf({ x: 7 }), `tensor "x" is no JSON object`],
  ["an unknown dtype", fileOf({ x: byte([0, 1], "F8_E4M3") }, [1]), `dtype "F8_E4M3"`],
  ["a dtype that every object has", fileOf({ x: byte([0, 1], "toString") }, [1]), "dtype"],
  ["a shape that is no list", fileOf({ x: byte([0, 1], "U8", 1) }, [1]), "has shape 1"],
  ["a negative size", fileOf({ x: byte([0, 1], "U8", [-1, -1]) }, [1]), "has shape [-1,-1]"],
  ["half a size", fileOf({ x: byte([0, 1], "U8", [0.5, 2]) }, [1]), "has shape [0.5,2]"],
  [
    "a shape beyond counting",
    fileOf({ x: byte([0, 1], "U8", [2 ** 52, 2 ** 52]) }, [1]),
    "bytes for",
  ],
  ["one offset", fileOf({ x: byte([0]) }, [1]), "has offsets [0]"],
  ["a negative offset", fileOf({ x: byte([-1, 0]) }, [1]), "has offsets [-1,0]"],
  ["an end before the start", fileOf({ x: byte([1, 0]) }, [1]), "lies at [1, 0]"],
  [
    "too few bytes for the shape",
    fileOf({ x: byte([0, 4], "F64") }, [1, 2, 3, 4]),
    "8 bytes for F64",
  ],
  ["data beyond the end", fileOf({ x: byte([0, 1]) }), "it has 0 bytes of data"],
  ["data that nobody claims", fileOf({ x: byte([0, 1]) }, [1, 2]), "it has 2 bytes of data"],
  ["a hole", fileOf({ x: byte([1, 2]) }, [1, 2]), `tensor "x" starts at 1`],
  ["overlap", fileOf({ x: byte([0, 1]), y: byte([0, 1]) }, [1]), `tensor "y" starts at 0`],
];

for (const [what, bytes, message] of REFUSED) {
  Deno.test(`decodeSafetensors() refuses ${what}`, () => {
    const error = assertThrows(() => decodeSafetensors(bytes), AppError, message);
    assertEquals(error.code, "invalid");
    assert(error.message.startsWith("Cannot read the safetensors file: "));
  });
}

Deno.test("decodeSafetensors() refuses every file that was cut short", () => {
  const bytes = encodeSafetensors(SAMPLE);
  for (let length = 0; length < bytes.length; length++) {
    assertThrows(() => decodeSafetensors(bytes.subarray(0, length)), AppError);
  }
});

Deno.test("encodeSafetensors() refuses a shape that does not fit, and the reserved name", () => {
  const data = Uint8Array.of(1, 2);
  for (const [name, shape] of [["x", [3]], ["__metadata__", [2]]] as const) {
    const tensors = { [name]: { dtype: "U8" as const, shape: [...shape], data } };
    const error = assertThrows(
      () => encodeSafetensors({ tensors, metadata: {} }),
      AppError,
      `Cannot write tensor "${name}"`,
    );
    assertEquals(error.code, "internal");
  }
});
