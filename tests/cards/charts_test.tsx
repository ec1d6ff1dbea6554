import { assert, assertEquals } from "@std/assert";
import { Heatmap, Histogram, Intervals } from "../../src/cards/charts.tsx";
import { change, decimal, plainText, significant } from "../../src/cards/format.ts";
import { binLike, binValues } from "../../src/cards/histogram.ts";
import { placeLabels } from "../../src/cards/labels.ts";

Deno.test("bins count every value once, the outermost in the first and last", () => {
  const values = [-5, 0, 0.1, 0.2, 1, NaN];
  const bins = binValues(values, 10)!;
  assertEquals(bins.counts.reduce((sum, n) => sum + n, 0), 5);
  assert(bins.from <= -5 && bins.to >= 1);
  assertEquals(binLike(bins, [-100, 100]).counts.filter((n) => n > 0).length, 2);
  assertEquals(binValues([NaN], 10), null);
  assertEquals(binValues([2, 2], 4)!.counts.reduce((sum, n) => sum + n, 0), 2);
});

Deno.test("a histogram's bars are as high as their counts, and orange left of the threshold", () => {
  const bins = { from: 0, to: 4, counts: [1, 0, 2, 4] };
  const html = String(
    <Histogram title="t" bins={bins} threshold={{ at: 2, label: "threshold" }} height={100} />,
  );
  const bars = [...html.matchAll(/<rect class="(\w+)" x="([\d.]+)%" [^>]*height="([\d.]+)"/g)]
    .map(([, kind, , height]) => [kind, Number(height)] as const);
  assertEquals(bars.map(([kind]) => kind), ["over", "bar", "bar"]);
  const [one, two, four] = bars.map(([, height]) => height);
  assert(Math.abs(two! / one! - 2) < 0.01 && Math.abs(four! / one! - 4) < 0.01);
  assert(/<line class="rule" x1="50%" x2="50%"/.test(html), html);
});

Deno.test("charts name themselves to those who do not see them", () => {
  const html = String(
    <Intervals title="Worth" rows={[{ name: "precision", value: 0.25, interval: null }]} />,
  );
  assert(html.includes(`role="img"`) && html.includes("<title>Worth</title>"));
  assert(html.includes("<desc>precision 0.250</desc>"));
});

Deno.test("a cell of a heatmap has its step as a class, and its name as text", () => {
  const html = String(
    <Heatmap
      title="t"
      desc="d"
      cells={[{ text: "<b>", title: `"x"`, step: -3 }, { text: "b", title: "b", step: null }]}
    />,
  );
  assert(html.includes(`class="cell f3"`) && html.includes(`class="cell"`));
  assert(html.includes("&lt;b&gt;") && !html.includes("<b>"));
});

Deno.test("labels never lie on one another, and stay within the chart", () => {
  const labels = [0, 3, 50, 52, 54, 100].map((at, i) => ({ text: `a label ${i}`, at }));
  const placed = placeLabels(labels);
  const spans = placed.map(({ text, at, anchor, level }) => {
    const width = text.length * 1.1;
    const left = anchor === "start" ? at : anchor === "end" ? at - width : at - width / 2;
    return { left, right: left + width, level };
  });
  for (const [i, a] of spans.entries()) {
    assert(a.left >= 0 && a.right <= 100, JSON.stringify(a));
    for (const b of spans.slice(i + 1)) {
      assert(a.level !== b.level || a.right <= b.left || b.right <= a.left, JSON.stringify([a, b]));
    }
  }
  assertEquals(placeLabels([{ text: "alone", at: 50 }])[0]!.level, 0);
});

Deno.test("numbers have true minus, parted thousands, and – for what is not known", () => {
  assertEquals(decimal(-1234567.891, 1), "−1,234,567.9");
  assertEquals([decimal(null), decimal(NaN), decimal(-0.0001)], ["–", "–", "0.000"]);
  assertEquals(
    [change(-31), change(0.04), change(1234.5)].map((text) => text.replace("\u00a0", " ")),
    [
      "−31.0 %",
      "0.0 %",
      "+1,234.5 %",
    ],
  );
  assertEquals([significant(2e-9), significant(12345.678)], ["0.000000002000", "12,346"]);
});

Deno.test("invisible and direction characters are made visible", () => {
  assertEquals(plainText("a\u200bb\u202ec\u0000d\ud800e"), "a\ufffdb\ufffdc\ufffdd\ufffde");
  assertEquals(plainText("Ünïcödé 🚀"), "Ünïcödé 🚀");
});
