import { assert, assertEquals } from "@std/assert";
import {
  DumbbellRow,
  GateBullet,
  type GateBulletProps,
} from "../../../dashboard/charts/bullets.tsx";
import { ReturnBar, Sparkline, ThresholdBar } from "../../../dashboard/charts/rows.tsx";
import { RunHistory, RunTimeline } from "../../../dashboard/charts/runs.tsx";

const HOUR = 3_600_000;
const labelOf = (svg: string) => /aria-label="([^"]*)"/.exec(svg)![1]!.replaceAll("\u00a0", " ");
const series = (...values: (number | null)[]) =>
  values.map((value, i) => ({ atMs: i * HOUR, value }));

Deno.test("a small sparkline is these bytes", () => {
  assertEquals(
    String(
      <Sparkline
        label="LUNA price"
        points={series(1, 2, 3)}
        flagged={{ fromMs: HOUR, toMs: 2 * HOUR }}
        end="flag"
      />,
    ),
    `<svg class="spark" role="img" aria-label="LUNA price" viewBox="0 0 112 24">` +
      `<rect class="a-flag" x="54" y="0" width="53" height="24"/>` +
      `<path class="ln-2" d="M1 21L54 12L107 3"/>` +
      `<circle class="f-flag" cx="107" cy="3" r="2.5"/></svg>`,
  );
});

Deno.test("a sparkline breaks at gaps, lies in the middle when all is alike, and may be empty", () => {
  const pathOf = (svg: string) => /d="([^"]*)"/.exec(svg)?.[1];
  const draw = (...values: (number | null)[]) =>
    String(<Sparkline label="x" points={series(...values)} end="ink" />);
  assertEquals(pathOf(draw(1, 2, null, 2, 1))!.match(/M/g)!.length, 2);
  assertEquals(pathOf(draw(5, 5)), "M1 12L107 12");
  assertEquals(pathOf(draw(5)), "M1 12h1");
  assertEquals(pathOf(draw(null, NaN)), undefined);
  assert(!draw().includes("NaN") && !draw().includes("circle"));
});

Deno.test("past the threshold a score is in the flag's colour, before it is not", () => {
  const draw = (score: number | null) =>
    String(<ThresholdBar score={score} threshold={-0.484} domain={[-0.7, -0.4]} />);
  assert(draw(-0.6).includes(`<circle class="f-flag"`));
  assert(draw(-0.45).includes(`<circle class="f-2i"`));
  assertEquals(labelOf(draw(-0.6)), "score −0.600, threshold −0.484");
  assert(!draw(null).includes("circle") && labelOf(draw(null)).includes("score –"));
  // Off the scale, it stays at the edge.
  assert(draw(-5).includes(`<circle class="f-flag" cx="3%"`));
});

Deno.test("a return at the crash threshold is a crash; what is not known has no bar", () => {
  const draw = (returnPct: number | null) =>
    String(<ReturnBar returnPct={returnPct} crashPct={-15} />);
  assert(draw(-15).includes("f-flag") && !draw(-14.9).includes("f-flag"));
  assert(!draw(null).includes("<rect") && draw(null).includes(`class="th"`));
  assertEquals(labelOf(draw(-19)), "−19.0 % after 24 h, crash at −15.0 %");
  assert(draw(80).includes(`<path class="f-3" d="M-4-5`), "an arrow says that it goes on");
});

const gate = (more: Partial<GateBulletProps>) =>
  String(
    <GateBullet
      name="rate"
      value={0.46}
      comparison="<="
      threshold={0.2}
      champion={0.482}
      range={[0, 1]}
      {...more}
    />,
  );

Deno.test("a gate of at most is allowed to the left, one of at least to the right", () => {
  const allowed = (svg: string) =>
    /class="f-band" x="([\d.]+)%" width="([\d.]+)%"/.exec(svg)!.slice(1).map(Number);
  assertEquals(allowed(gate({})), [1, 19.6]);
  assertEquals(allowed(gate({ comparison: ">=" })), [20.6, 78.4]);
});

Deno.test("a value that passes is a green dot, one that fails a red cross, the champion a diamond", () => {
  assert(gate({}).includes("s-fail") && !gate({}).includes("f-ok"));
  assert(gate({ comparison: ">=" }).includes("f-ok") && gate({ threshold: 0.46 }).includes("f-ok"));
  assert(gate({ value: 0.1, passed: false }).includes("s-fail"), "as it was judged");
  assert(gate({}).includes("f-2i") && !gate({ champion: null }).includes("f-2i"));
});

Deno.test("a gate says its numbers; one without a value fails without a mark", () => {
  assertEquals(labelOf(gate({})), "rate: 0.460, expected ≤ 0.200, champion 0.482");
  const unknown = gate({ value: null, champion: null, comparison: ">=" });
  assertEquals(labelOf(unknown), "rate: not computable, expected ≥ 0.200");
  assert(!unknown.includes("s-fail") && !unknown.includes("f-ok"));
});

Deno.test("a gate's own scale holds its numbers, negative ones too", () => {
  const svg = gate({ value: -0.2, threshold: 0.08, champion: -0.1, range: undefined as never });
  assert(!/NaN|Infinity/.test(svg));
  const marks = [...svg.matchAll(/<svg x="([\d.]+)%"/g)].map(([, x]) => Number(x));
  assert(marks.every((x) => x > 4 && x < 96), marks.join());
});

Deno.test("a candidate is right of the champion when better, whichever way that is", () => {
  const at = (better: "higher" | "lower", value: number) => {
    const svg = String(
      <DumbbellRow
        candidate={{ name: "v9", value }}
        champion={{ name: "v7", value: 0.5 }}
        better={better}
        span={0.1}
      />,
    );
    return Number(/<circle class="f-acc" cx="([\d.]+)%"/.exec(svg)?.[1]);
  };
  assertEquals([at("higher", 0.52), at("lower", 0.52), at("lower", 0.48)], [60, 40, 60]);
  assert(Number.isNaN(at("higher", 0.7)), "off the scale it is an arrow");
});

Deno.test("a comparison shades what is tolerated, and needs both to show a difference", () => {
  const draw = (candidate: number | null, champion: number | null) =>
    String(
      <DumbbellRow
        candidate={{ name: "v9", value: candidate }}
        champion={{ name: "v7", value: champion }}
        better="higher"
        span={0.1}
        tolerance={0.02}
      />,
    );
  assert(draw(1, 1).includes(`class="f-band" x="40%" width="59%"`));
  assertEquals(labelOf(draw(1, null)), "v9 1.000, v7 –");
  for (const svg of [draw(null, 1), draw(1, null), draw(null, null)]) assert(!svg.includes("s-3"));
});

Deno.test("a step is where its time was, and seen however short it was", () => {
  const step = (startMs: number | null, endMs: number | null, state: "done" | "running") =>
    String(
      <RunTimeline name="fit" startMs={startMs} endMs={endMs} totalMs={10_000} state={state} />,
    );
  assert(step(2000, 5000, "done").includes(`class="f-3" x="20%" width="30%"`));
  assert(step(10_000, 10_000, "done").includes(`x="99.4%" width="0.6%"`));
  assert(step(4000, null, "running").includes(`class="f-acc" x="40%" width="60%"`));
  assertEquals(labelOf(step(2000, 5000, "done")), "fit: starts at 2.0 s, takes 3.0 s");
  assertEquals(labelOf(step(null, null, "done")), "fit: not run");
});

Deno.test("the last runs are at the right, a failed one taller and red", () => {
  const svg = String(<RunHistory states={["done", "failed"]} />);
  assertEquals(
    [...svg.matchAll(/class="(\S+)" x="([\d.]+)%" width="3.2%" y="(\d)" height="(\d+)"/g)]
      .map((match) => match.slice(1)),
    [["f-2", "92.07", "4", "10"], ["f-fail", "96.23", "0", "14"]],
  );
  assertEquals(labelOf(svg), "last 2 runs, 1 failed");
  assertEquals(labelOf(String(<RunHistory states={[]} />)), "no runs yet");
  const many = String(<RunHistory states={Array(100).fill("done")} />);
  assertEquals(many.match(/<rect/g)!.length, 24);
});
