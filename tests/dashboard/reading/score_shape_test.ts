// Two histograms in the same bins.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { rebin, scoreShape } from "../../../dashboard/reading/score_shape.ts";

const sum = (counts: readonly number[]) => counts.reduce((total, n) => total + n, 0);

Deno.test("scoreShape() takes in the range of both, in the same bins", () => {
  const shape = scoreShape(Float64Array.of(-0.6, -0.5, -0.4), {
    from: -0.9,
    to: -0.5,
    counts: [2, 0, 0, 2],
  })!;
  assertEquals([shape.bins.from, shape.training!.from], [-0.9, -0.9]);
  assertEquals([shape.bins.to, shape.training!.to], [-0.4, -0.4]);
  assertEquals(shape.bins.counts.length, shape.training!.counts.length);
  assertEquals(sum(shape.bins.counts), 3);
});

Deno.test("scoreShape() does without training scores, and is null without any score", () => {
  assertEquals(scoreShape(Float64Array.of(-0.5), null)!.training, null);
  assertEquals(scoreShape(new Float64Array(), null), null);
});

Deno.test("rebin() loses nothing, into whatever bins", () => {
  const bins = fc.record({
    from: fc.double({ min: -3, max: 0, noNaN: true }),
    width: fc.double({ min: 0.01, max: 3, noNaN: true }),
    counts: fc.array(fc.nat(1000), { minLength: 1, maxLength: 80 }),
  }).map(({ from, width, counts }) => ({ from, to: from + width, counts }));
  fc.assert(fc.property(bins, bins, (given, like) => {
    const { counts } = rebin(given, like);
    assertEquals(counts.length, like.counts.length);
    assertAlmostEquals(sum(counts), sum(given.counts), 1e-6 * (1 + sum(given.counts)));
  }));
});

Deno.test("rebin() into its own bins changes nothing", () => {
  const given = { from: -1, to: 0, counts: [1, 2, 3, 4] };
  assertEquals(rebin(given, given).counts.map((n) => Math.round(n * 1e9) / 1e9), given.counts);
});
