// The story that demo tells: what happens, hour by hour, what is said about it, and what it came to.

import { ASSET } from "../../domain/asset.ts";
import { DEFAULT_CRASH_PCT, type EpisodeCounts } from "../../domain/outcomes.ts";
import type { RunRecord } from "../../domain/run.ts";
import { HOUR_MS } from "../../domain/time.ts";
import { findFlow, type RunnerContext } from "../../engine/flow.ts";
import { runFlow } from "../../engine/runner.ts";
import { followEvents } from "../../engine/triggers.ts";
import { aliasHolder, CHAMPION } from "../../registry/aliases.ts";
import { latestVersion } from "../../registry/assets.ts";
import { marketTime, readBranch } from "../../registry/context.ts";
import { latestEvaluation } from "../../registry/evaluations.ts";
import { type App, type Call, type CommandResult, hint } from "../command.ts";
import { instant, percent } from "../text.ts";
import type { DemoStoreCall } from "./demo_store.ts";
import { kindTable, metricLines } from "./outcomes.ts";

export const MAX_STORY_HOURS = 8760;

/** What follows is the story's own. */
const FOLLOWED = { params: {}, tags: ["demo"], goesOn: false };

/** A call of demo, on its own store and branch. */
export type DemoCall =
  & DemoStoreCall
  & Call<{ num_coins: number; source: string; serve: boolean; port: number }>;

/** What happens, in order, and what is said about it. */
export class Story {
  #ingested = 0;
  /** Coins of the newest snapshot. */
  #coins = 0;
  #firstMs: number | null = null;
  #scored = 0;
  #flagged = 0;
  /** The newest run of validate_outcomes. */
  #validated: RunRecord | null = null;
  readonly #times: Record<string, number> = {};

  constructor(
    private readonly app: App,
    private readonly runner: RunnerContext,
    private readonly call: DemoCall,
  ) {}

  /** Ingests what is learned from, then builds, trains, evaluates and promotes. */
  async learn(hours: number, total: number): Promise<void> {
    await this.#ingestUntil(hours, total);
    this.#say(
      `${this.#ingested} snapshots of ${this.#coins} coins, up to ${await this
        .#now()}`,
    );
    const built = await this.#timed("build_dataset", () => this.#run("build_dataset", {}));
    const { summary } = built;
    this.#say(
      `dataset v${summary.training_version}: ${summary.training_rows} rows to train on, ` +
        `${summary.holdout_rows} later ones to judge by`,
    );
    const { runs, error } = await this.#timed(
      "train, evaluate, promote",
      () => followEvents(this.runner, this.app.flows, built, FOLLOWED),
    );
    for (const run of runs) this.#say(describe(run));
    if (error) throw error;
  }

  /** Goes on hour by hour after the promotion: what the champion flags, and what becomes of it. */
  async goOn(total: number): Promise<void> {
    const before = this.#ingested;
    await this.#ingestUntil(total, total, (ingested) => this.#scoreAndValidate(ingested));
    this.#say(
      `${this.#ingested - before} more hours went by, up to ${await this.#now()}: ` +
        `${this.#flagged} flags on ${this.#scored} scored coins`,
    );
  }

  async #scoreAndValidate(ingested: RunRecord): Promise<void> {
    const { runs, error } = await this.#timed(
      "score",
      () => followEvents(this.runner, this.app.flows, ingested, FOLLOWED),
    );
    if (error) throw error;
    for (const { flow, summary } of runs) {
      if (flow !== "score") continue;
      this.#scored += Number(summary.rows);
      this.#flagged += Number(summary.flagged);
    }
    const { source } = this.call.params;
    this.#validated = await this.#timed(
      "validate_outcomes",
      () => this.#run("validate_outcomes", { source }),
    );
  }

  /** What came of it, and where to look next. */
  async end(started: number): Promise<CommandResult> {
    const { registry } = this.runner;
    const scope = registry.scopes.write;
    const champion = await aliasHolder(registry.store, scope, ASSET.detector, CHAMPION);
    const model = await latestVersion(registry, scope, "model", ASSET.detector);
    const judged = model &&
      await latestEvaluation(registry.store, scope, ASSET.detector, model.version);
    const failed =
      judged?.gates.filter((gate) => gate.status === "failed").map((gate) => gate.name) ?? [];
    const report = await this.app.outcomeReport(registry, {
      crashThresholdPct: DEFAULT_CRASH_PCT,
      lookbackHours: MAX_STORY_HOURS,
    });
    const seconds = (this.app.nowMs() - started) / 1000;
    // The next hour of a story that is told is the visitor's to ask for.
    const dashboard = this.call.params.serve ? [] : ["serve --no_schedules"];
    const next = champion
      ? [
        "predictions",
        "outcomes",
        "models show champion",
        `runs card ${this.#validated?.id} --out card.html`,
      ]
      : ["models why latest", "runs list"];
    const text = [
      champion
        ? `Champion: ${ASSET.detector} v${champion.version}.`
        : `No champion: v${model?.version} failed ${failed.join(", ")}.`,
      champion ? `Were the flags right, a day later?\n${metricLines(report.champion)}` : "",
      champion ? episodeLine(report.episodes) : "",
      kindTable(report.kinds),
      `${registry.store.commitCount} commits in ${seconds.toFixed(1)} s` +
      ` (${
        Object.entries(this.#times).map(([what, ms]) => `${what} ${(ms / 1000).toFixed(1)} s`).join(
          "; ",
        )
      }).`,
      "Look at it:",
      ...[...next, ...dashboard].map((command) => `  ${hint(this.call, `anomaly ${command}`)}`),
    ].filter((line) => line !== "").join("\n");
    const json = {
      champion: champion?.version ?? null,
      model: model?.version ?? null,
      failed_gates: failed,
      snapshots: this.#ingested,
      scored: this.#scored,
      flagged: this.#flagged,
      outcomes: report.champion,
      episodes: report.episodes,
      kinds: report.kinds,
      commits: registry.store.commitCount,
      seconds,
      times_ms: this.#times,
      store: registry.store.location,
      branch: scope.branch,
    };
    return { json, text };
  }

  async #ingestUntil(
    hours: number,
    total: number,
    andThen: (ingested: RunRecord) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const { num_coins, source } = this.call.params;
    while (
      this.#firstMs === null || (await this.#nowMs()) < this.#firstMs + (hours - 1) * HOUR_MS
    ) {
      this.app.signal.throwIfAborted();
      const run = await this.#timed("ingest", () => this.#run("ingest", { num_coins, source }));
      this.#coins = Number(run.summary.rows);
      this.#ingested++;
      this.#firstMs ??= await this.#nowMs();
      await andThen(run);
      if (!this.call.globals.quiet) this.app.progress("hours", this.#ingested, total);
    }
  }

  #run(name: string, params: Record<string, string | number>): Promise<RunRecord> {
    const flow = findFlow(this.app.flows, name);
    return runFlow(this.runner, flow, {
      params: flow.params.parse(params) as RunRecord["params"],
      tags: ["demo"],
      triggeredBy: null,
    });
  }

  async #timed<R>(what: string, work: () => Promise<R>): Promise<R> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#times[what] = (this.#times[what] ?? 0) + performance.now() - start;
    }
  }

  async #nowMs(): Promise<number> {
    const { registry } = this.runner;
    return (await readBranch(registry, registry.scopes.write))!.marketAtMs;
  }

  async #now(): Promise<string> {
    const { registry } = this.runner;
    return instant(await marketTime(registry, registry.scopes.write));
  }

  #say(line: string): void {
    if (!this.call.globals.quiet) this.app.say(line);
  }
}

function episodeLine({ episodes, caught, false_alarms, undecided }: EpisodeCounts): string {
  return `  ${episodes} alerts (consecutive flags of a coin): ${caught} before a crash, ` +
    `${false_alarms} false, ${undecided} undecided`;
}

function describe(run: RunRecord): string {
  const { summary } = run;
  switch (run.flow) {
    case "train":
      return `model v${summary.version} trained on ${summary.training_rows} rows, ` +
        `flags ${percent(summary.training_rate as number)} of them`;
    case "evaluate":
      return `evaluated v${summary.version} on ${summary.eval_source}: flags ` +
        `${percent(summary.anomaly_rate as number)}, ` +
        (summary.passed
          ? "every gate passed"
          : `failed ${(summary.failed_gates as string[]).join(", ")}`);
    case "promote":
      return `promoted v${summary.version} to ${summary.alias}`;
    default:
      return `${run.flow}: ${run.status}`;
  }
}
