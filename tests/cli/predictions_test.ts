// What is said of predictions and outcomes, on a simulated market that was lived through: flags, reasons,
// verdicts, metrics, and the refusals.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Terminal, terminalIn } from "./app.ts";

let folder = "";
let terminal: Terminal;

interface Prediction {
  coin_id: string;
  market_at: string;
  version: number;
  flagged: boolean;
  score: number;
  threshold: number;
  reason: string;
  drivers: { feature: string; contribution: number }[];
  outcome: { verdict?: string; return_pct?: number | null; due_at?: string };
}

/** Twenty hours to learn from, then thirty that are scored, of which the first five are decided. */
Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "anomaly_cli_" });
  terminal = terminalIn(folder);
  const run = (...words: string[]) => terminal.run(...words, "--quiet");
  for (let hour = 0; hour < 20; hour++) await run("ingest", "--num_coins", "60");
  await run("build_dataset", "--holdout_hours", "4");
  await run("train");
  await run("evaluate");
  await run("promote", "--version", "1", "--force", "--reason", "for the test");
  await run("promote", "--version", "1", "--alias", "challenger-a", "--force", "--reason", "test");
  for (let hour = 0; hour < 30; hour++) await run("ingest", "--num_coins", "60", "--follow");
  await run("validate_outcomes");
});

Deno.test.afterAll(async () => await Deno.remove(folder, { recursive: true }));

Deno.test("predictions are the champion's flags, newest first, the most abnormal first, with a reason", async () => {
  const shown = await terminal.json<Prediction[]>("predictions", "--limit", "200");
  assert(shown.length > 10);
  for (const [i, row] of shown.entries()) {
    assert(row.flagged && row.score < row.threshold && row.reason !== "", JSON.stringify(row));
    assert(row.drivers.every(({ contribution }) => contribution < 0));
    const before = shown[i - 1];
    if (before === undefined) continue;
    assert(before.market_at >= row.market_at);
    if (before.market_at === row.market_at) assert(before.score <= row.score);
  }
  const times = new Set(shown.map((row) => row.market_at));
  assert([...times].at(0)! === "2024-01-03T01:00:00.000Z", [...times].at(0));
});

Deno.test("a prediction says what became of it: a verdict with the return, or when it is due", async () => {
  const decided = await terminal.json<Prediction[]>(
    ...["predictions", "--all", "--to", "2024-01-01T22:00Z", "--limit", "1000"],
  );
  assert(decided.length > 100);
  for (const { outcome } of decided) {
    assert(outcome.due_at === undefined && outcome.verdict !== undefined);
    if (outcome.verdict !== "unresolved") assert(typeof outcome.return_pct === "number");
  }
  const open = await terminal.json<Prediction[]>("predictions", "--from", "2024-01-03");
  assert(
    open.every(({ outcome }) => outcome.due_at !== undefined && outcome.verdict === undefined),
  );
  assertMatch(await terminal.text("predictions"), /due in 1 d$/m);
});

Deno.test("predictions can be of one coin, one version, one span", async () => {
  const [first] = await terminal.json<Prediction[]>("predictions");
  const coin = first!.coin_id;
  const own = await terminal.json<Prediction[]>("predictions", "--coin", coin, "--all");
  assert(own.length > 1 && own.every((row) => row.coin_id === coin));
  const span = ["--from", "2024-01-02T00:00Z", "--to", "2024-01-02T03:00Z"];
  const spanned = await terminal.json<Prediction[]>("predictions", "--all", ...span);
  assert(spanned.every(({ market_at: at }) => at.startsWith("2024-01-02T0")));
  const none = await terminal.run("predictions", "--version", "9");
  assertEquals([none.code, none.stdout], [4, ""]);
});

Deno.test("outcomes give counts that add up, and every case with its verdict", async () => {
  interface Outcomes {
    version: number;
    metrics: Record<string, number> & { precision: { n: number } };
    cases: { verdict: string; decided_by: string | null; priced_after_ms: number | null }[];
  }
  const { version, metrics, cases } = await terminal.json<Outcomes>("outcomes", "--limit", "1000");
  assertEquals(version, 1);
  const { hits, false_alarms, missed, quiet, unresolved, predictions, resolved } = metrics;
  assertEquals(hits! + false_alarms! + missed! + quiet!, resolved);
  assertEquals(resolved! + unresolved!, predictions);
  assertEquals(cases.length, hits! + false_alarms! + missed! + unresolved!);
  for (const { verdict, decided_by, priced_after_ms } of cases) {
    if (verdict === "unresolved") continue;
    assert(decided_by === "snapshot" || decided_by === "look-up");
    assert(priced_after_ms! >= 0 && priced_after_ms! <= 45 * 60_000);
  }
  const onlyFalse = await terminal.json<Outcomes>("outcomes", "--kind", "false_alarm");
  assert(onlyFalse.cases.length > 0);
  assert(onlyFalse.cases.every(({ verdict }) => verdict === "false_alarm"));
  assertMatch(await terminal.text("outcomes"), /^ {2}coverage +\d+\.\d %: \d+ resolved/m);
});

Deno.test("coin shows alerts with their reasons, and every score with its price", async () => {
  const [first] = await terminal.json<Prediction[]>("predictions");
  interface Coin {
    episodes: { from: string; to: string; flags: number }[];
    scores: { market_at: string; flagged: boolean; price: number }[];
  }
  const id = first!.coin_id;
  const coin = await terminal.json<Coin>("coin", id, "--limit", "1000");
  const flags = coin.scores.filter((score) => score.flagged).length;
  assertEquals(coin.episodes.reduce((sum, episode) => sum + episode.flags, 0), flags);
  assert(coin.scores.every((score) => score.price > 0));
  assertMatch(
    await terminal.text("coin", id),
    /^Alert 2024-01-0\d .*: \d+ flags?, lowest score −/m,
  );
});

Deno.test("a coin that nobody scored is not found, and ids that look like it are named", async () => {
  const [first] = await terminal.json<Prediction[]>("predictions");
  const part = first!.coin_id.slice(0, -1);
  const { code, stderr } = await terminal.run("coin", part);
  assertEquals(code, 4);
  assert(stderr.includes(`expected an id such as `) && stderr.includes(first!.coin_id), stderr);
});

Deno.test("models show has the version's outcomes", async () => {
  assertMatch(await terminal.text("models", "show", "1"), /^Outcomes:\n {2}\d+ predictions of 5/m);
  const { outcomes } = await terminal.json<{ outcomes: { snapshots: number } }>(
    "models",
    "show",
    "1",
  );
  assertEquals(outcomes.snapshots, 5);
});

Deno.test("runs card writes the page of any run to a new file, and refuses one that failed", async () => {
  const file = `${folder}/card.html`;
  const runs = await terminal.json<{ id: number; flow: string; status: string }[]>("runs", "list");
  const scored = runs.find((run) => run.flow === "score")!;
  const written = await terminal.text(
    "runs",
    "card",
    `ScoreSnapshotFlow/${scored.id}`,
    "--out",
    file,
  );
  assertMatch(written, /^Wrote the card of run \d+ to .* \(\d+ bytes\)\.$/);
  const html = await Deno.readTextFile(file);
  assertEquals(
    html,
    `${(await terminal.json<{ html: string }>("runs", "card", `${scored.id}`)).html}`,
  );
  const again = await terminal.run("runs", "card", String(scored.id), "--out", file);
  assertEquals(again.code, 2);
  assertMatch(again.stderr, /the file exists/);
  const failed = await terminal.run("build_dataset", "--holdout_hours", "100", "--quiet");
  assertEquals(failed.code, 1, failed.stderr);
  const [run] = await terminal.json<{ id: number; status: string }[]>(
    "runs",
    "list",
    "--limit",
    "1",
  );
  const refused = await terminal.run("runs", "card", String(run!.id));
  assertEquals([refused.code, refused.stdout], [5, ""]);
  assertMatch(refused.stderr, /it is failed, expected a completed run\. See: anomaly runs show/);
});
