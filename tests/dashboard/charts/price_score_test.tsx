import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { priceScale } from "../../../dashboard/charts/price_scale.ts";
import {
  PriceScoreChart,
  type PriceScoreChartProps,
} from "../../../dashboard/charts/price_score.tsx";
import { allCollisions, textsOf } from "./svg_text.ts";

const HOUR = 3_600_000;
const START = Date.parse("2022-05-07T06:00:00Z");
const THRESHOLD = -0.484;

interface Row {
  price: number | null;
  score: number | null;
}

function draw(rows: (Row | undefined)[], more: Partial<PriceScoreChartProps> = {}): string {
  const points = rows.flatMap((row, i) =>
    row === undefined
      ? []
      : [{ atMs: START + i * HOUR, ...row, flagged: row.score !== null && row.score < THRESHOLD }]
  );
  return String(
    <PriceScoreChart
      name="LUNA"
      points={points}
      thresholds={[{ fromMs: 0, value: THRESHOLD }]}
      fromMs={START}
      toMs={START + (rows.length - 1) * HOUR}
      {...more}
    />,
  );
}

/** Falls to an eighth, flagged in its last third. */
const FALL: Row[] = Array.from({ length: 97 }, (_, i) => ({
  price: i < 64 ? 80 : 80 * Math.pow(0.9388, i - 63),
  score: i < 64 ? -0.45 : -0.6,
}));

const wordsOf = (svg: string) => textsOf(svg).map(({ text }) => text.replaceAll("\u00a0", " "));

Deno.test("prices have a log scale and say so; those near one another have a linear one", () => {
  assert(wordsOf(draw(FALL)).includes("Price, log scale"));
  const calm = FALL.map((row, i) => ({ ...row, price: 1 + (i % 2) / 10 }));
  assert(wordsOf(draw(calm)).includes("Price"));
  assertEquals(priceScale(10, 14.9, 0, 100).isLog, false);
  assertEquals(priceScale(10, 15, 0, 100).isLog, true);
});

Deno.test("a fall by half is the same way down at any price", () => {
  const { y } = priceScale(1, 1000, 0, 100);
  assert(Math.abs((y(500) - y(1000)) - (y(2) - y(4))) < 1e-9);
});

Deno.test("a price has at most four grid lines, within its scale, whatever its size", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -9, max: 6, noNaN: true }),
      fc.double({ min: 1, max: 1e6, noNaN: true }),
      (power, ratio) => {
        const low = Math.pow(10, power);
        const { ticks, y } = priceScale(low, low * ratio, 0, 100);
        assert(ticks.length >= 1 && ticks.length <= 4, `${low} × ${ratio}: ${ticks}`);
        for (const tick of ticks) assert(y(tick) > -0.001 && y(tick) < 100.001);
      },
    ),
    { seed: 4 },
  );
});

Deno.test("flagged hours are shaded, each for the hour around its snapshot", () => {
  const rows = [-0.4, -0.5, -0.5, -0.4, -0.4].map((score) => ({ price: 1, score }));
  const shades = [...draw(rows).matchAll(/class="a-flag" x="([\d.]+)%" width="([\d.]+)%"/g)];
  assertEquals(shades.map(([, x, width]) => [Number(x), Number(width)]), [[12.5, 50]]);
});

Deno.test("the flagged part of the score is drawn again in the flag's colour", () => {
  const flagged = /class="ln-f" d="([^"]*)"/.exec(draw(FALL))![1]!;
  assertEquals(flagged.match(/[ML]/g)!.length, 97 - 64);
  const alone = [-0.4, -0.5, -0.4].map((score) => ({ price: 1, score }));
  assert(/class="ln-f" d="M500 [\d.]+h2"/.test(draw(alone)));
});

Deno.test("a threshold that changed with the version is a step", () => {
  const svg = draw(FALL, {
    thresholds: [{ fromMs: 0, value: -0.484 }, { fromMs: START + 48 * HOUR, value: -0.47 }],
  });
  const lines = [...svg.matchAll(/<line class="th" x1="([\d.]+)%" x2="([\d.]+)%"/g)];
  assertEquals(lines.map(([, from, to]) => [Number(from), Number(to)]), [[0, 50], [50, 50], [
    50,
    100,
  ]]);
  assert(wordsOf(svg).includes("threshold −0.470"), "the newest is named");
});

Deno.test("a flag that is pointed out says its price and what came after", () => {
  const marked = { atMs: START + 70 * HOUR, returnPct: -30.2, horizonHours: 24 };
  const words = wordsOf(draw(FALL, { marked }));
  assert(words.includes("24 h later −30.2 %"), words.join());
  assert(words.some((text) => /^\$5\d\.\d\d, flagged;$/.test(text)));
  assert(
    wordsOf(draw(FALL, { marked: { ...marked, returnPct: null } })).includes(
      "24 h later not known yet",
    ),
  );
  assert(!draw(FALL, { marked: { ...marked, atMs: 1 } }).includes("flagged;"), "no point, no mark");
});

Deno.test("an episode that is open says since when", () => {
  const words = wordsOf(draw(FALL));
  assert(words.includes("open episode") && words.includes("since May 9 22:00"), words.join());
  assert(!wordsOf(draw([...FALL, { price: 9, score: -0.4 }])).includes("open episode"));
  const left = draw(FALL, { toMs: START + 120 * HOUR });
  assert(!wordsOf(left).includes("open episode"), "nobody looks at a coin that has left");
});

Deno.test("nothing, one point, unknown prices and equal scores are drawn without NaN", () => {
  for (
    const svg of [
      draw([]),
      draw([{ price: 1, score: -0.5 }]),
      draw([{ price: null, score: null }, { price: null, score: -0.5 }]),
      draw([{ price: 0, score: -0.484 }, undefined, undefined, { price: 2, score: -0.484 }]),
      draw(FALL, { thresholds: [] }),
    ]
  ) {
    assert(!/NaN|Infinity|undefined/.test(svg), svg);
  }
});

Deno.test("whatever the prices, no two of its labels overlap", () => {
  const row = fc.record({
    price: fc.option(fc.double({ min: 1e-6, max: 1e5, noNaN: true })),
    score: fc.option(fc.double({ min: -0.8, max: -0.3, noNaN: true })),
  });
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 2, maxLength: 100 }),
      fc.nat(99),
      fc.double({ min: -99, max: 500, noNaN: true }),
      (rows, at, returnPct) => {
        const svg = draw(rows, {
          marked: { atMs: START + at * HOUR, returnPct, horizonHours: 24 },
          changes: [{ atMs: START + 5 * HOUR, version: 7 }],
        });
        assertEquals(allCollisions(svg), []);
      },
    ),
    { numRuns: 150, seed: 4 },
  );
});
