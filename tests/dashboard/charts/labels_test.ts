import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Label,
  type Obstacle,
  placeLabels,
  placeTwins,
  textWidth,
} from "../../../dashboard/charts/labels.ts";
import { texts } from "../../../dashboard/charts/marks.ts";
import { allCollisions } from "./svg_text.ts";

const AREA = { widths: [300, 1400] as const, height: 200 };

const anyText = fc.string({ minLength: 1, maxLength: 24, unit: "binary" })
  .map((text) => text.replace(/[^\p{L}\p{N} .,−%]/gu, "a"));

const anyLabel: fc.Arbitrary<Label> = fc.record({
  lines: fc.array(
    fc.record({
      text: anyText,
      short: anyText,
      class: fc.constantFrom("", "halo", "lab", "l-flag halo"),
    }),
    { minLength: 1, maxLength: 2 },
  ),
  places: fc.array(
    fc.record({
      x: fc.double({ min: 0, max: 100, noNaN: true }),
      dx: fc.integer({ min: -10, max: 10 }),
      y: fc.integer({ min: 0, max: 200 }),
      anchor: fc.constantFrom("start" as const, "middle" as const, "end" as const),
    }),
    { minLength: 1, maxLength: 8 },
  ),
});

const anyObstacle: fc.Arbitrary<Obstacle> = fc.record({
  points: fc.array(
    fc.tuple(fc.double({ min: 0, max: 100, noNaN: true }), fc.integer({ max: 200, min: 0 })),
    {
      minLength: 1,
      maxLength: 20,
    },
  ).map((points) => points.toSorted((a, b) => a[0] - b[0])),
});

Deno.test("no two labels overlap, and none leaves the chart, at any width from 300 to 1400 px", () => {
  fc.assert(
    fc.property(
      fc.array(anyLabel, { maxLength: 12 }),
      fc.array(anyObstacle, { maxLength: 3 }),
      (labels, obstacles) => {
        const placed = placeTwins(labels, { height: AREA.height, obstacles });
        assertEquals(allCollisions(texts(placed), { wide: 300, mob: 300 }), []);
        for (const { y } of placed) assert(y - 9 >= 0 && y + 3 <= AREA.height);
      },
    ),
    { numRuns: 400, seed: 4 },
  );
});

Deno.test("a place that is right at both ends of the widths but on a label between is not taken", () => {
  // At 300 px the second lies left of the first, at 1400 px right of it: in between it crosses it.
  const first: Label = { lines: [{ text: "fixed" }], places: [{ x: 20, y: 50 }] };
  const second: Label = { lines: [{ text: "moving" }], places: [{ x: 40, dx: -120, y: 50 }] };
  assertEquals(placeLabels([first, second], AREA).map(({ text }) => text), ["fixed"]);
});

Deno.test("a label takes its first place that is off the line", () => {
  const obstacles = [{ points: [[0, 100], [50, 100], [100, 40]] as const }];
  const label = (y: number[]): Label => ({
    lines: [{ text: "peak" }],
    places: y.map((y) => ({ x: 30, y })),
  });
  const yOf = (label: Label) => placeLabels([label], { ...AREA, obstacles })[0];
  assertEquals(yOf(label([102, 80, 60]))?.y, 80);
  assertEquals(yOf(label([102]))?.class, "halo", "across the line it has a halo");
  assertEquals(yOf({ ...label([102]), shy: true }), undefined);
});

Deno.test("under a filled shape there is no place, above it there is", () => {
  const obstacles = [{ points: [[0, 60], [100, 60]] as const, filled: true }];
  const place = (y: number) =>
    placeLabels([{ lines: [{ text: "share" }], places: [{ x: 10, y }], shy: true }], {
      ...AREA,
      obstacles,
    });
  assertEquals(place(150), []);
  assertEquals(place(50).length, 1);
});

Deno.test("of labels that want the same place, the first one has it", () => {
  const same = (text: string): Label => ({ lines: [{ text }], places: [{ x: 50, y: 50 }] });
  assertEquals(placeLabels([same("a"), same("b")], AREA).map(({ text }) => text), ["a"]);
});

Deno.test("a label with a short twin is there for both screens, others once", () => {
  const placed = placeTwins([
    {
      lines: [{ text: "gate band 0.020 to 0.200", short: "0.020 to 0.200" }],
      places: [{ x: 0, y: 20 }],
    },
    { lines: [{ text: "now 0.354", class: "lab" }], places: [{ x: 0, y: 60 }] },
  ], { height: 200 });
  assertEquals(placed.map(({ text, class: kind }) => [text, kind]), [
    ["gate band 0.020 to 0.200", "wide"],
    ["now 0.354", "lab"],
    ["0.020 to 0.200", "mob"],
  ]);
});

Deno.test("a text of wide or foreign characters is not taken for a short one", () => {
  assert(textWidth("WWWW") > textWidth("nnnn") && textWidth("nnnn") > textWidth("iiii"));
  assert(textWidth("漢字漢字") >= 4 * 11);
  assert(textWidth("now", true) > textWidth("now"));
});
