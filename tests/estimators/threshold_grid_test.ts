// Thresholds as the kernel has them decide as the forest's own do.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  floorToFloat32,
  gridOver,
  rankOf,
  sortDistinct,
} from "../../src/estimators/threshold_grid.ts";

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });

Deno.test("a float32 is at or below a threshold exactly when it is at or below its floor", () => {
  const holds = (threshold: number, value: number) =>
    assertEquals(value <= floorToFloat32(threshold), value <= threshold, `${value}, ${threshold}`);
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), float32, holds),
    { seed: 42 },
  );
  // Thresholds right beside a float32, which is where rounding decides.
  fc.assert(
    fc.property(float32, fc.constantFrom(-1, 1), (value, side) => {
      const threshold = value + side * Math.max(Math.abs(value) * 1e-12, 1e-60);
      if (Number.isFinite(Math.fround(threshold))) holds(threshold, value);
    }),
    { seed: 42 },
  );
  for (const threshold of [-1e-60, 1e-60, -0, 0, 1e300, -1e300, 3.5e38, -(2 ** -150)]) {
    for (const value of [-(2 ** -149), -0, 0, 2 ** -149, 3.4028234663852886e38]) {
      holds(threshold, value);
    }
  }
});

Deno.test("a grid starts every value at a rank from which the next few thresholds decide", () => {
  fc.assert(
    fc.property(fc.array(float32, { minLength: 8, maxLength: 200 }), float32, (list, value) => {
      const thresholds = sortDistinct(Float32Array.from(list));
      const grid = gridOver(thresholds);
      if (grid === null) return;
      const place = Math.fround(Math.fround(value - grid.origin) * grid.scale);
      const cell = Math.trunc(Math.min(Math.max(place, 0), grid.ranks.length - 1));
      const start = grid.ranks[cell]!;
      const rank = rankOf(thresholds, value);
      assert(start <= rank && rank <= start + grid.steps, `${start} ${rank} ${grid.steps}`);
    }),
    { seed: 42, numRuns: 500 },
  );
});
