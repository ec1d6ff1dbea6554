import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RateChart, type RateChartProps } from "../../../dashboard/charts/rate.tsx";
import { allCollisions, textsOf } from "./svg_text.ts";

const HOUR = 3_600_000;
const START = Date.parse("2022-05-04T06:00:00Z");

function draw(rates: (number | null | undefined)[], more: Partial<RateChartProps> = {}): string {
  const points = rates.flatMap((rate, i) =>
    rate === undefined ? [] : [{ atMs: START + i * HOUR, rate }]
  );
  return String(
    <RateChart
      points={points}
      band={{ min: 0.02, max: 0.2 }}
      fromMs={START}
      toMs={START + (rates.length - 1) * HOUR}
      {...more}
    />,
  );
}

function wordsOf(svg: string): string[] {
  return textsOf(svg).map(({ text }) => text.replaceAll("\u00a0", " "));
}

Deno.test("a small rate chart is these bytes", () => {
  assertEquals(
    draw([0.1, 0.3, 0.1], { height: 120 }).replaceAll("><", ">\n<"),
    GOLDEN,
  );
});

Deno.test("the area above the band is cut where the line crosses the band", () => {
  const area = /class="a-flag" d="([^"]*)"/.exec(draw([0, 0.4, 0]))![1]!;
  // From 0 to 0.4 the line is at 0.2 half-way, and again half-way down.
  assertEquals(area.match(/[ML]([\d.]+) /g)!.map((x) => Number(x.slice(1))), [
    250,
    250,
    500,
    750,
    750,
  ]);
});

Deno.test("nothing is shaded within the band", () => {
  assert(!draw([0.1, 0.15, 0.2]).includes("a-flag"));
});

Deno.test("the line is broken where snapshots are missing, and where the rate is not known", () => {
  const pathOf = (svg: string) => /class="ln" d="([^"]*)"/.exec(svg)![1]!;
  assertEquals(pathOf(draw([0.1, 0.1, 0.1, 0.1])).match(/M/g)!.length, 1);
  assertEquals(pathOf(draw([0.1, 0.1, undefined, 0.1])).match(/M/g)!.length, 2);
  assertEquals(pathOf(draw([0.1, null, 0.1, NaN, 0.1])).match(/M/g)!.length, 3);
});

Deno.test("an hour late is now, a day late is the last that is known", () => {
  assert(wordsOf(draw([0.1, 0.354])).includes("now 0.354"));
  const late = wordsOf(draw([0.1, 0.354], { toMs: START + 25 * HOUR }));
  assert(late.includes("last 0.354, May 4 07:00"), late.join());
});

Deno.test("the peak is named, unless it is now", () => {
  assert(wordsOf(draw([0.1, 0.818, 0.1, 0.2])).includes("peak 0.818, May 4 07:00"));
  assert(!wordsOf(draw([0.1, 0.2, 0.818])).some((text) => text.startsWith("peak")));
});

Deno.test("a change of champion is dotted and named; those before the chart are not there", () => {
  const svg = draw(Array(100).fill(0.1), {
    changes: [{ atMs: START - HOUR, version: 6 }, { atMs: START + 50 * HOUR, version: 7 }],
  });
  assertEquals(svg.match(/class="mk"/g)!.length, 1);
  assert(wordsOf(svg).includes("v7 becomes champion"));
});

Deno.test("zero is on the axis", () => {
  const svg = draw([0, 0.1], { height: 232 });
  assert(/class="ln" d="M0 212L/.test(svg), svg);
});

Deno.test("before the first prediction, band and axis are there, and a word", () => {
  for (const svg of [draw([], { toMs: START + 168 * HOUR }), draw([null, null])]) {
    assert(svg.includes(`class="f-band"`) && svg.includes(`class="ax"`));
    assert(wordsOf(svg).includes("no predictions yet"));
    assert(wordsOf(svg).includes("0.200 at most") && !svg.includes("NaN"));
  }
});

Deno.test("one point, all alike, no band and no time at all are drawn without NaN", () => {
  for (
    const svg of [
      draw([0.3]),
      draw([0.1, 0.1, 0.1]),
      draw([0, 0, 0], { band: null }),
      draw([0.1], { toMs: START }),
      draw([1, 1, 1], { band: { min: 0, max: 1 } }),
    ]
  ) {
    assert(!/NaN|Infinity|undefined/.test(svg), svg);
  }
});

Deno.test("it says in words what it shows", () => {
  const svg = draw([0.1, 0.818, undefined, undefined, 0.354]);
  assert(svg.includes(`role="img"`) && /<title>Anomaly rate per snapshot, May/.test(svg));
  const desc = /<desc>([^<]*)</.exec(svg)![1]!.replaceAll("\u00a0", " ");
  assertEquals(
    desc,
    "Share of coins flagged by the champion of the time. The gate band is 0.020 to 0.200; 2 of 3 " +
      "snapshots lie above it. Lowest 0.100 at May 4 06:00, highest 0.818 at May 4 07:00, 0.354 now. " +
      "1 gap without snapshots.",
  );
});

Deno.test("whatever the rates and changes, no two of its labels overlap", () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true })), {
        minLength: 2,
        maxLength: 200,
      }),
      fc.array(
        fc.record({
          atMs: fc.integer({ min: START, max: START + 200 * HOUR }),
          version: fc.nat(99),
        }),
        {
          maxLength: 8,
        },
      ),
      (rates, changes) => {
        const ordered = changes.toSorted((a, b) => a.atMs - b.atMs);
        assertEquals(allCollisions(draw(rates, { changes: ordered })), []);
      },
    ),
    { numRuns: 150, seed: 4 },
  );
});

const GOLDEN = `<svg class="ch" role="img" height="120">
<title>Anomaly rate per snapshot, May 4 06:00 to May 4 08:00</title>
<desc>Share of coins flagged by the champion of the time. The gate band is 0.020 to 0.200; 1 of 3 snapshots lie above it. Lowest 0.100 at May 4 06:00, highest 0.300 at May 4 07:00, 0.100 now.</desc>
<rect class="f-band" x="0%" width="100%" y="56" height="39.6"/>
<line class="th" x1="0%" x2="100%" y1="56" y2="56"/>
<line class="th" x1="0%" x2="100%" y1="95.6" y2="95.6"/>
<line class="ax" x1="0%" x2="100%" y1="100" y2="100"/>
<line class="ax" x1="0%" x2="0%" y1="100" y2="104"/>
<line class="ax" x1="50%" x2="50%" y1="100" y2="104"/>
<line class="ax" x1="100%" x2="100%" y1="100" y2="104"/>
<text x="0%" y="117">06:00</text>
<text class="m" x="50%" y="117">07:00</text>
<text class="e" x="100%" y="117">08:00</text>
<svg width="100%" height="120" viewBox="0 0 1000 120" preserveAspectRatio="none" overflow="visible">
<path class="a-flag" d="M250 56L250 56L500 34L750 56L750 56z"/>
<path class="ln" d="M0 78L500 34L1000 78"/>
</svg>
<circle class="f-ink" cx="100%" cy="78" r="3.5"/>
<text class="m l-ok wide" x="50%" y="79.8">gate band 0.020 to 0.200</text>
<text class="e lab halo" x="100%" y="40">now 0.100</text>
<text class="e halo wide" x="50%" y="26">peak 0.300, May 4 07:00</text>
<text class="m l-ok mob" x="75%" y="79.8">0.020 to 0.200</text>
<text class="e halo mob" x="50%" y="26">peak 0.300</text>
</svg>`;
