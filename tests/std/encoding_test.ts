// What the program relies on of @std/encoding: holds for the real one and for the stand-in.

import { assertEquals, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding";
import fc from "fast-check";

Deno.test("encodeHex() writes lower-case pairs, of text, bytes and buffers", () => {
  assertEquals(encodeHex("hé"), "68c3a9");
  assertEquals(encodeHex(new Uint8Array([0, 15, 255])), "000fff");
  assertEquals(encodeHex(new Uint8Array([1, 2]).buffer), "0102");
});

Deno.test("decodeHex() reads back what encodeHex() wrote, in either case", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const plain = new Uint8Array(bytes);
      assertEquals(decodeHex(encodeHex(plain)), plain);
      assertEquals(decodeHex(encodeHex(plain).toUpperCase()), plain);
    }),
    { seed: 42 },
  );
});

Deno.test("decodeHex() refuses an odd length and what is no digit", () => {
  assertThrows(() => decodeHex("abc"));
  assertThrows(() => decodeHex("zz"));
});
