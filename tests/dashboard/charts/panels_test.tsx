import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { AgreementBar } from "../../../dashboard/charts/agreement.tsx";
import { SnapshotCalendar } from "../../../dashboard/charts/calendar.tsx";
import { FeatureHistogram, ScoreHistogram } from "../../../dashboard/charts/histograms.tsx";
import { Lineage } from "../../../dashboard/charts/lineage.tsx";
import { MetricByDay, type MetricDay } from "../../../dashboard/charts/metric_by_day.tsx";
import { PriceScoreChart } from "../../../dashboard/charts/price_score.tsx";
import { Sparkline } from "../../../dashboard/charts/rows.tsx";
import { allCollisions, textsOf } from "./svg_text.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse("2022-05-04T00:00:00Z");
const HOSTILE = `<script>alert(1)</script>"'&\u202e\u0000`;

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const wordsOf = (svg: string) => textsOf(svg).map(({ text }) => plain(text));
const descOf = (svg: string) => plain(/<desc>([^<]*)</.exec(svg)![1]!);

Deno.test("bins below the threshold are in the flag's colour, and named as a share", () => {
  const bins = { from: 0, to: 4, counts: [1, 1, 2, 4] };
  const svg = String(<ScoreHistogram title="t" of="holdout" bins={bins} threshold={2} />);
  assertEquals(
    [...svg.matchAll(/<rect class="(f-flag|f-3)"/g)].map(([, kind]) => kind),
    ["f-flag", "f-flag", "f-3", "f-3"],
  );
  assert(wordsOf(svg).includes("25.0 % of holdout") && wordsOf(svg).includes("threshold 2.000"));
  assert(!svg.includes(`class="ln"`), "no outline without training");
});

Deno.test("a bin that the threshold cuts is flagged if most of it lies below", () => {
  const bins = { from: 0, to: 4, counts: [1, 1, 1, 1] };
  const flagged = (threshold: number) =>
    String(<ScoreHistogram title="t" of="holdout" bins={bins} threshold={threshold} />)
      .match(/<rect class="f-flag"/g)?.length ?? 0;
  assertEquals([-1, 0.4, 1.4, 1.5, 1.6, 9].map(flagged), [0, 0, 1, 1, 2, 4]);
});

Deno.test("where bars fill the flagged part, its share stands above them", () => {
  const bins = { from: 0, to: 4, counts: [9, 9, 9, 9] };
  const svg = String(<ScoreHistogram title="t" of="holdout" bins={bins} threshold={5} />);
  const share = textsOf(svg).find(({ text }) => text.includes("of holdout"))!;
  const highest = Math.min(
    ...[...svg.matchAll(/class="f-flag"[^>]* y="([\d.]+)"/g)].map(([, y]) => Number(y)),
  );
  assert(share.y + 3 < highest, `${share.y} ${highest}`);
});

Deno.test("training is an outline in shares, with its own share flagged", () => {
  const bins = { from: 0, to: 2, counts: [10, 10] };
  const training = { bins: { from: 0, to: 2, counts: [100, 900] }, flaggedShare: 0.1 };
  const svg = String(
    <ScoreHistogram title="t" of="holdout" bins={bins} threshold={1} training={training} />,
  );
  assert(svg.includes(`class="ln"`) && wordsOf(svg).includes("10.0 % of training"));
  assert(
    descOf(svg).endsWith(
      "50.0 % of the holdout lie below it, against 10.0 % of the training rows.",
    ),
  );
});

Deno.test("no scores are said to be none", () => {
  for (const counts of [[], [0, 0]]) {
    const svg = String(
      <ScoreHistogram title="t" of="holdout" bins={{ from: 0, to: 1, counts }} threshold={0} />,
    );
    assert(wordsOf(svg).includes("no scores") && !svg.includes("NaN"));
  }
});

Deno.test("whatever the scores, no two labels of their histogram overlap", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(500), { minLength: 1, maxLength: 60 }),
      fc.double({ min: -1, max: 0, noNaN: true }),
      fc.boolean(),
      (counts, threshold, hasTraining) => {
        const bins = { from: -0.8, to: -0.3, counts };
        const training = { bins: { ...bins, counts: counts.toReversed() } };
        const svg = String(
          <ScoreHistogram
            title="t"
            of="holdout"
            bins={bins}
            threshold={threshold}
            {...(hasTraining ? { training } : {})}
          />,
        );
        assertEquals(allCollisions(svg, { wide: 300, mob: 300 }), []);
      },
    ),
    { numRuns: 150, seed: 4 },
  );
});

Deno.test("a calendar has a cell for each hour expected, and outlines those without a snapshot", () => {
  const hours = Array.from({ length: 30 }, (_, i) => ({
    atMs: START + i * HOUR,
    rows: 100,
    refused: i === 7 ? 50 : 0,
  })).filter((_, i) => i !== 5);
  const svg = String(<SnapshotCalendar hours={hours} fromMs={START} toMs={START + 29 * HOUR} />);
  assertEquals(svg.match(/cal-hour/g)!.length, 29);
  assertEquals(svg.match(/cal-gap/g)!.length, 1);
  assert(plain(svg).includes("<title>May 4 05:00: no snapshot</title>"));
  assert(plain(svg).includes("<title>May 4 07:00: 100 rows, 50 refused</title>"));
  assertEquals(wordsOf(svg).filter((text) => text.includes(" of ")), ["6 of 6", "23 of 24"]);
  assertEquals(descOf(svg), "29 of 30 hours have one; missing: May 4 05:00; 50 rows refused.");
  assert(svg.includes(`role="img"`));
});

Deno.test("a calendar of links is a group, as a picture would hide them", () => {
  const hours = [{ atMs: START, rows: 1, refused: 0 }];
  const svg = String(
    <SnapshotCalendar
      hours={hours}
      fromMs={START}
      toMs={START}
      href={({ rows }) => `/data?a=${rows}&b="x"`}
    />,
  );
  assert(svg.includes(`role="group"`) && !svg.includes(`role="img"`));
  assert(svg.includes(`<a href="/data?a=1&amp;b=&quot;x&quot;"`), svg);
});

Deno.test("a calendar shows the last 31 days, and none", () => {
  const days = (from: number, to: number) =>
    String(<SnapshotCalendar hours={[]} fromMs={from} toMs={to} />).match(/\d+ of \d+/g)!.length;
  assertEquals(days(START, START + 400 * DAY) - 1, 31);
  assertEquals(days(START, START) - 1, 1);
});

const day = (i: number, more: Partial<MetricDay>): MetricDay => ({
  atMs: START + i * DAY,
  value: 0.5,
  n: 100,
  ...more,
});

Deno.test("a metric of few is hollow, of none a gap, and n is under each", () => {
  const days = [
    day(0, {}),
    day(1, { n: 49 }),
    day(2, { value: null, n: 0 }),
    day(3, { n: 12_345 }),
  ];
  const svg = String(<MetricByDay name="Precision" days={days} format={(v) => v.toFixed(2)} />);
  assertEquals(
    [...svg.matchAll(/<circle class="([^"]*)"/g)].map(([, kind]) => kind),
    ["f-ink", "f-panel s-ink", "f-ink"],
  );
  for (const n of ["100", "49", "0", "12k"]) assert(wordsOf(svg).includes(n), n);
  assert(descOf(svg).includes("May 6 –"));
});

Deno.test("a metric names its highest and its last value, and its axis begins at zero", () => {
  const days = [day(0, { value: 0.24 }), day(1, { value: 0 }), day(2, { value: 0.03 })];
  const svg = String(<MetricByDay name="Precision" days={days} format={(v) => v.toFixed(2)} />);
  assert(wordsOf(svg).includes("0.24") && wordsOf(svg).includes("0.03"));
  assert(svg.includes(`cx="50%" cy="114"`), "zero lies on the axis");
});

Deno.test("a rate's axis ends at one, and an interval is a bar", () => {
  const days = [day(0, { value: 1, interval: { low: 0.5, high: 1 } })];
  const draw = (more: { ceiling?: number }) =>
    String(<MetricByDay name="Recall" days={days} format={(v) => v.toFixed(2)} {...more} />);
  assert(wordsOf(draw({ ceiling: 1 })).includes("1.00"));
  assert(draw({ ceiling: 1 }).includes(`<line class="s-3" x1="50%" x2="50%" y1="68" y2="22"/>`));
  assert(wordsOf(draw({})).includes("1.20"));
});

Deno.test("a metric without any value says so", () => {
  for (const days of [[], [day(0, { value: null, n: 0 })]]) {
    const svg = String(<MetricByDay name="Recall" days={days} format={String} />);
    assertEquals(descOf(svg), "No day has a value yet.");
    assert(!/NaN|Infinity/.test(svg), svg);
  }
});

Deno.test("whatever the days, no two labels of a metric overlap", () => {
  const anyDay = fc.record({
    value: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    n: fc.nat(100_000),
    spread: fc.double({ min: 0, max: 0.5, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(anyDay, { maxLength: 31 }), (days) => {
      const rows = days.map(({ value, n, spread }, i) =>
        day(i, {
          value,
          n,
          interval: value === null ? null : { low: value - spread, high: value + spread },
        })
      );
      const svg = String(
        <MetricByDay
          name="Recall"
          days={rows}
          format={(v) => v.toFixed(2)}
          changes={[{ atMs: START + 36 * HOUR, version: 7 }]}
        />,
      );
      assertEquals(allCollisions(svg, { wide: 236, mob: 300 }), []);
    }),
    { numRuns: 150, seed: 4 },
  );
});

Deno.test("agreement is four parts of the whole, and says them", () => {
  const svg = String(<AgreementBar a="v9" b="v7" both={50} onlyA={10} onlyB={0} neither={40} />);
  assertEquals(svg.match(/<rect/g)!.length, 3, "a part of nothing is not drawn");
  assertEquals(wordsOf(svg), ["50 both flag", "10 only v9", "40 neither"]);
  assert(descOf(svg).endsWith("only v7 0, neither 40; the same decision on 90.0 %."));
  const none = String(<AgreementBar a="v9" b="v7" both={0} onlyA={0} onlyB={0} neither={0} />);
  assert(wordsOf(none).includes("no rows") && !none.includes("NaN"));
});

Deno.test("whatever the parts, no two labels of an agreement overlap", () => {
  fc.assert(
    fc.property(fc.nat(9999), fc.nat(9999), fc.nat(9999), fc.nat(9999), (...parts) => {
      const [both, onlyA, onlyB, neither] = parts;
      const svg = String(<AgreementBar a="v19" b="v17" {...{ both, onlyA, onlyB, neither }} />);
      assertEquals(allCollisions(svg, { wide: 300, mob: 300 }), []);
    }),
    { seed: 4 },
  );
});

Deno.test("a feature's histogram is the cards' one, with its shift", () => {
  const bins = { from: 0, to: 2, counts: [1, 3] };
  const html = String(
    <FeatureHistogram name="7 d volatility" training={bins} holdout={bins} shift={0.123} />,
  );
  assert(plain(html).includes("shift 12.3 %") && html.includes(`class="bar2"`));
  assert(html.includes(`<svg class="ch" role="img"`), "with the dashboard's type");
});

Deno.test("lineage is a list in order; what is here and where it stops can be told", () => {
  const html = String(
    <Lineage
      of="v9"
      boxes={[
        {
          kind: "Dataset",
          name: "v11",
          href: "/data/11",
          facts: [{ text: "run 761", href: "/runs/761" }],
        },
        { kind: "Model", name: "v9", place: "here" },
        { kind: "Promotion", name: "none", place: "stop", state: <i>refused</i> },
      ]}
    />,
  );
  assertEquals(
    html,
    `<ol class="lin" aria-label="Lineage of v9, from source to promotion">` +
      `<li><h3>Dataset</h3><b><a href="/data/11">v11</a></b><small><a href="/runs/761">run 761</a></small></li>` +
      `<li class="here" aria-current="true"><h3>Model</h3><b>v9</b></li>` +
      `<li class="stop"><h3>Promotion</h3><b>none</b><i>refused</i></li></ol>`,
  );
});

Deno.test("hostile names are text in every chart, and what is invisible in them is seen", () => {
  const bins = { from: 0, to: 2, counts: [1, 3] };
  const charts = [
    <Sparkline label={HOSTILE} points={[]} />,
    <PriceScoreChart
      name={HOSTILE}
      points={[]}
      thresholds={[]}
      fromMs={START}
      toMs={START + DAY}
    />,
    <ScoreHistogram title={HOSTILE} of={HOSTILE} bins={bins} threshold={1} />,
    <FeatureHistogram name={HOSTILE} training={bins} holdout={bins} shift={0} />,
    <MetricByDay name={HOSTILE} days={[day(0, {})]} format={() => HOSTILE} />,
    <AgreementBar a={HOSTILE} b={HOSTILE} both={1} onlyA={1} onlyB={1} neither={1} />,
    <Lineage of={HOSTILE} boxes={[{ kind: HOSTILE, name: HOSTILE, facts: [{ text: HOSTILE }] }]} />,
  ];
  for (const chart of charts) {
    const html = String(chart);
    assert(!html.includes("<script") && html.includes("&lt;script"), html);
    assert(!html.includes("\u202e") && !html.includes("\u0000"), html);
    assert(!/"'&/.test(html), html);
    assert(!html.includes("style="), html);
  }
});
