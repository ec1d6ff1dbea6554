// Mt19937 against numpy's RandomState, by numbers that numpy made (oracle/make_fixtures.py).

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Mt19937, XorShift32 } from "../src/random.ts";
import {
  assertClose,
  type FixtureArray,
  float64,
  int32,
  readFixture,
  uint32,
} from "./oracle/fixtures.ts";

interface RandomCase {
  seed: number;
  uint32: FixtureArray;
  randint_7: FixtureArray;
  randint_max: FixtureArray;
  random: FixtureArray;
  normal: FixtureArray;
  permutation_1: FixtureArray;
  permutation_100: FixtureArray;
  mixed: FixtureArray;
}

const cases = readFixture<RandomCase>("random");

/** numpy's `log` and V8's may differ in the last bit. */
const LOG_TOLERANCE = 1e-14;

for (const expected of cases) {
  const { seed } = expected;
  const take = <T>(count: number, draw: () => T) => Array.from({ length: count }, draw);

  Deno.test(`Mt19937(${seed}) draws numpy's integers`, () => {
    let random = new Mt19937(seed);
    assertEquals(Uint32Array.from(take(1500, () => random.uint32())), uint32(expected.uint32));
    random = new Mt19937(seed);
    assertEquals(Int32Array.from(take(50, () => random.randint(7))), int32(expected.randint_7));
    random = new Mt19937(seed);
    assertEquals([random.randint(2 ** 31 - 1)], [...int32(expected.randint_max)]);
  });

  Deno.test(`Mt19937(${seed}) draws numpy's doubles to the last bit`, () => {
    const random = new Mt19937(seed);
    assertEquals(Float64Array.from(take(50, () => random.random())), float64(expected.random));
  });

  Deno.test(`Mt19937(${seed}) draws numpy's normals`, () => {
    const random = new Mt19937(seed);
    const normals = take(51, () => random.normal());
    assertClose(normals, float64(expected.normal), LOG_TOLERANCE, "normal");
  });

  Deno.test(`Mt19937(${seed}) permutes as numpy does`, () => {
    assertEquals(new Mt19937(seed).permutation(1), int32(expected.permutation_1));
    assertEquals(new Mt19937(seed).permutation(100), int32(expected.permutation_100));
  });

  Deno.test(`Mt19937(${seed}) keeps the spare normal while other kinds are drawn`, () => {
    const random = new Mt19937(seed);
    const drawn = [
      random.normal(),
      random.randint(10),
      random.normal(),
      random.random(),
      random.normal(),
    ];
    assertClose(drawn, float64(expected.mixed), LOG_TOLERANCE, "mixed");
  });
}

Deno.test("Mt19937 refuses what is no 32-bit seed", () => {
  for (const seed of [-1, 0.5, 2 ** 32, NaN]) {
    assertThrows(() => new Mt19937(seed), RangeError, "Cannot seed Mt19937");
  }
});

Deno.test("interval(max) stays in [0, max], up to the largest 32-bit number", () => {
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (seed, max) => {
      const value = new Mt19937(seed).interval(max);
      assert(Number.isInteger(value) && value >= 0 && value <= max);
    }),
    { seed: 42 },
  );
});

Deno.test("XorShift32 follows Marsaglia's shifts and never sticks at zero", () => {
  // 1 → 1 ^ 1<<13 = 8193 → unchanged by >>>17 → 8193 ^ 8193<<5 = 270369.
  assertEquals(new XorShift32(1).next(), 270369);
  assertEquals(new XorShift32(0).next(), new XorShift32(1).next());
  const random = new XorShift32(12345);
  const drawn = Array.from({ length: 1000 }, () => random.next());
  assert(drawn.every((value) => value >= 0 && value <= XorShift32.MAX));
  assertEquals(new Set(drawn).size, 1000);
});

Deno.test("permutation() draws as if interval by interval, and goes on where it stopped", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3000 }), fc.nat(2000), fc.nat(), (n, before, seed) => {
      const random = new Mt19937(seed);
      for (let i = 0; i < before; i++) random.uint32();
      const plain = new Mt19937(0);
      plain.copy(random);
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = plain.interval(i);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      assertEquals(random.permutation(n), order);
      assertEquals(random.uint32(), plain.uint32());
    }),
    { seed: 42 },
  );
});
