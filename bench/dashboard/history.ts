// The examples, multiplied: hour after hour of ingests, scores, datasets, models, promotions and outcomes,
// each run with the records that the flow of its kind writes.

import { type AliasEntry, ASSET } from "../../src/domain/asset.ts";
import { HORIZON_HOURS } from "../../src/domain/prediction.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import { HOUR_MS, iso } from "../../src/domain/time.ts";
import { CHAMPION } from "../../src/registry/aliases.ts";
import type { WritableKeyMap } from "../../src/store/keys.ts";
import type { BulkWriter } from "./bulk_writer.ts";
import {
  BRANCH,
  CLOCK_GAP_MS,
  CYCLE_HOURS,
  type Examples,
  LAST_HOUR,
  LEARN_HOURS,
  MARKET_START_MS,
} from "./examples.ts";
import { type Move, moved } from "./moved.ts";
import { type RunWriter, versionCounter } from "./run_writer.ts";

/** How much of everything there is. */
export interface Amounts {
  hours: number;
  runs: number;
  models: number;
  promotions: number;
  /** From one dataset to the next. */
  datasetHours: number;
  /** The newest runs keep their steps, logs and tags. */
  detailedRuns: number;
}

/** Of eight models in turn these are the examples; the first two of them pass their gates. */
const MODEL_TURNS = [0, 1, 0, 2, 1, 0, 3, 1];
const PASSING = 2;
/** Of twelve runs in turn that fill an hour, one fails and three find nothing to do. */
const FILLER_TURNS = 12;
const IDLE_TURNS = 3;
/** What the others publish: they catch up with outcomes. */
const EVENTS_OF_FILLER = 3;
/** Between two of them; the first begins when an hour's outcomes are decided, after a quarter of it. */
const FILLER_GAP_MS = 150_000;
/** How long the last champion has been there: so long that some of its own flags are decided. */
const LAST_TERM_HOURS = 36;
/** The examples' last hour of learning, in which datasets and models are made. */
const EXAMPLE_BUILD_HOUR = LEARN_HOURS - 1;
/** The example's model versions: the champion of its time, and the one that follows it. */
const OLD_CHAMPION = 1;
const FAILED_MODEL = 4;

export class History {
  #champion = { version: 0, seq: 0, runId: 0 };
  /** By hour: who was champion when its snapshot came. */
  readonly #championOf: number[] = [];
  #dataset = { version: 0, hour: 0 };
  /** The newest model that passed, with the run that made it. */
  #passed = { version: 0, runId: 0 };
  #failedVersion = 0;
  #fillers = 0;

  constructor(
    private readonly examples: Examples,
    private readonly amounts: Amounts,
    private readonly writer: BulkWriter,
    private readonly keys: WritableKeyMap,
    private readonly runs: RunWriter,
    /** Wall clock of the first hour. */
    private readonly wallStartMs: number,
  ) {}

  async write(): Promise<void> {
    const { hours, runs, models, promotions } = this.amounts;
    for (let hour = 0; hour < hours; hour++) {
      const until = (amount: number) => Math.floor(((hour + 1) * amount) / hours);
      if (hour > 0) this.#championOf[hour] = this.#champion.version;
      await this.#ingest(hour);
      if (hour > 0) await this.#score(hour);
      if (hour % this.amounts.datasetHours === 0) await this.#buildDataset(hour);
      while (this.runs.count(versionCounter("model", ASSET.detector)) < until(models)) {
        await this.#model(hour);
      }
      const due = Math.floor(((hour + 1) * promotions) / Math.max(1, hours - LAST_TERM_HOURS));
      if (this.runs.count(`alias/${ASSET.detector}`) < Math.min(promotions, Math.max(1, due))) {
        await this.#promote(hour);
      }
      // The first hour too has its champion, who was there before anything was ingested.
      if (hour === 0) {
        this.#championOf[0] = this.#champion.version;
        await this.#score(0);
      }
      if (hour >= HORIZON_HOURS) await this.#validate(hour);
      for (let i = 1; this.runs.count("run") < until(runs); i++) {
        await this.#fill(hour, i * FILLER_GAP_MS);
      }
    }
    await this.#finish(hours - 1);
  }

  /** From the hour in which an example was written to another. */
  #move(fromHour: number, toHour: number, given: Partial<Move> = {}): Move {
    const marketMs = (toHour - fromHour) * HOUR_MS;
    return {
      marketMs,
      wallMs: marketMs + CLOCK_GAP_MS + this.wallStartMs - MARKET_START_MS,
      bareVersion: ASSET.detector,
      version: (name, version) =>
        name === ASSET.snapshot
          ? Math.max(1, version + toHour - fromHour)
          : name === ASSET.detector
          ? this.#champion.version
          : name === ASSET.trainingDataset || name === ASSET.evalHoldout
          ? this.#dataset.version
          : version,
      ...given,
    };
  }

  async #ingest(hour: number): Promise<void> {
    const example = this.examples.ingests[hour % CYCLE_HOURS]!;
    const move = this.#move(LEARN_HOURS + hour % CYCLE_HOURS, hour, {
      bareVersion: ASSET.snapshot,
    });
    const { versions } = await this.runs.write(example, move);
    await this.writer.set(this.keys.snapshotAt(marketMs(hour)), versions[0]!.version);
  }

  async #score(hour: number): Promise<void> {
    const example = this.examples.scores[hour % CYCLE_HOURS]!;
    const move = this.#scoreMove(hour);
    const { run } = await this.runs.write(example, move);
    const batch = { ...moved(example.batch, move), runId: run.id };
    const { marketAtMs, dueAtMs, model, version } = batch;
    await this.writer.set(this.keys.prediction(marketAtMs, model, version), batch);
    if (hour >= this.amounts.hours - HORIZON_HOURS) {
      await this.writer.set(this.keys.due(dueAtMs, marketAtMs, model, version), true);
    }
    for (const { bucket, value } of example.coinScores) {
      await this.writer.set(this.keys.coinScores(bucket, marketAtMs, model, version), value);
    }
  }

  #scoreMove(hour: number): Move {
    const move = this.#move(LEARN_HOURS + hour % CYCLE_HOURS, hour);
    return {
      ...move,
      version: (name, version) =>
        name === ASSET.detector ? this.#championOf[hour]! : move.version(name, version),
    };
  }

  async #buildDataset(hour: number): Promise<void> {
    this.#dataset = { version: this.#dataset.version + 1, hour };
    await this.runs.write(this.examples.dataset, this.#move(EXAMPLE_BUILD_HOUR, hour));
  }

  async #model(hour: number): Promise<void> {
    const made = this.runs.count(versionCounter("model", ASSET.detector));
    const which = MODEL_TURNS[made % MODEL_TURNS.length]!;
    const { train, evaluate, evaluation } = this.examples.models[which]!;
    const candidate = made + 1;
    const base = this.#move(EXAMPLE_BUILD_HOUR, this.#dataset.hour);
    const move: Move = {
      ...base,
      wallMs: this.#move(EXAMPLE_BUILD_HOUR, hour).wallMs,
      version: (name, version) =>
        name === ASSET.detector
          ? version === OLD_CHAMPION ? this.#champion.version || 1 : candidate
          : base.version(name, version),
    };
    const trained = await this.runs.write(train, move);
    const judged = await this.runs.write(evaluate, move, trained.events[0]!.id);
    await this.writer.set(this.keys.evaluation(ASSET.detector, candidate, 1), {
      ...moved(evaluation, move),
      runId: judged.run.id,
      resultVersion: judged.versions[0]!.version,
    });
    await this.writer.set(this.keys.counter(`evaluation/${ASSET.detector}/${candidate}`), 1);
    if (which < PASSING) this.#passed = { version: candidate, runId: trained.run.id };
    else await this.#revoke(candidate, judged.run);
    if (which === PASSING) this.#failedVersion = candidate;
  }

  /** What did not pass is put out of use. */
  async #revoke(version: number, { user: actor, finishedAt }: RunRecord): Promise<void> {
    const reason = "flags what nobody would call abnormal";
    const recordedAt = finishedAt!;
    const payload = { model: ASSET.detector, version };
    const revocation = { ...payload, actor, reason, recordedAt };
    await this.writer.set(this.keys.revocation(ASSET.detector, version), revocation);
    await this.runs.event({
      name: "model_revoked",
      branch: BRANCH,
      runId: null,
      recordedAt,
      marketAt: null,
      payload,
    });
    await this.runs.audit({
      action: "revoke",
      actor,
      subject: `${ASSET.detector} v${version}`,
      reason,
      recordedAt,
      details: { ...payload, rolled_back: [] },
    });
  }

  /** Each promotion replaces the one before; the first is of the market's very beginning. */
  async #promote(hour: number): Promise<void> {
    const { version, runId } = this.#passed;
    const previous = this.#champion;
    if (version === previous.version) return;
    const base = this.#move(LAST_HOUR - 1, hour);
    const move: Move = {
      ...base,
      version: (name, old) =>
        name !== ASSET.detector
          ? base.version(name, old)
          : old === OLD_CHAMPION
          ? previous.version
          : version,
    };
    const { run, events } = await this.runs.write(this.examples.promotion, move);
    const seq = this.runs.next(`alias/${ASSET.detector}`);
    this.#champion = { version, seq, runId };
    const atMs = marketMs(previous.seq === 0 ? -1 : hour);
    const entry: AliasEntry = {
      seq,
      action: "promote",
      version,
      runId,
      actingRunId: run.id,
      evaluationId: 1,
      previousVersion: previous.version || null,
      beneathSeq: previous.seq || null,
      actor: run.user,
      reason: String(run.params.reason),
      forced: false,
      overridden: [],
      recordedAt: events[0]!.recordedAt,
      marketAt: iso(atMs),
    };
    await this.writer.set(this.keys.aliasEntry(ASSET.detector, CHAMPION, seq), entry);
    await this.writer.set(this.keys.aliasAt(ASSET.detector, CHAMPION, atMs, seq), seq);
    await this.writer.set(this.keys.alias(ASSET.detector, CHAMPION), {
      model: ASSET.detector,
      alias: CHAMPION,
      version,
      runId,
      seq,
      setAt: entry.recordedAt,
      marketAt: entry.marketAt,
    });
    await this.runs.audit({
      action: "promote",
      actor: run.user,
      subject: `${ASSET.detector} v${version} → ${CHAMPION}`,
      reason: entry.reason,
      recordedAt: entry.recordedAt,
      details: { ...events[0]!.payload, forced: false, overridden: [] },
    });
  }

  async #validate(hour: number): Promise<void> {
    const decided = hour - HORIZON_HOURS;
    const move = this.#scoreMove(decided);
    const { run } = await this.runs.write(this.examples.validations[decided % CYCLE_HOURS]!, move);
    const { outcome } = this.examples.scores[decided % CYCLE_HOURS]!;
    const record = { ...moved(outcome, move), runId: run.id };
    const { model, version, marketAtMs } = record;
    await this.writer.set(this.keys.outcome(model, version, marketAtMs), record);
  }

  /** What else happens in an hour: failures, runs with nothing to do, runs that catch up. */
  async #fill(hour: number, laterMs: number): Promise<void> {
    const turn = this.#fillers++ % FILLER_TURNS;
    const shifted = (move: Move, ms = laterMs) => ({ ...move, wallMs: move.wallMs + ms });
    if (turn === 0) {
      if (this.#fillers % (2 * FILLER_TURNS) < FILLER_TURNS) {
        await this.runs.write(this.examples.failedIngest, shifted(this.#move(LAST_HOUR - 1, hour)));
      } else {
        const move = this.#move(EXAMPLE_BUILD_HOUR, hour);
        const version = (name: string, old: number) =>
          name === ASSET.detector && old === FAILED_MODEL
            ? this.#failedVersion
            : move.version(name, old);
        // The example is of the first minute of its hour.
        const ms = HOUR_MS / 4 + laterMs;
        await this.runs.write(this.examples.refusedPromotion, shifted({ ...move, version }, ms));
      }
    } else if (turn <= IDLE_TURNS || hour < HORIZON_HOURS) {
      await this.runs.write(this.examples.idleValidation, shifted(this.#move(LEARN_HOURS, hour)));
    } else {
      const decided = hour - HORIZON_HOURS;
      const example = this.examples.validations[decided % CYCLE_HOURS]!;
      const events = Array.from({ length: EVENTS_OF_FILLER }, () => example.events[0]!);
      await this.runs.write({ ...example, events }, shifted(this.#scoreMove(decided)));
    }
  }

  async #finish(lastHour: number): Promise<void> {
    await this.writer.set(this.keys.branch(), {
      source: { kind: "simulated", key: "42" },
      boundAt: iso(this.wallStartMs),
      marketAtMs: marketMs(lastHour),
    });
    const trained = { id: this.#champion.runId, flow: "train" };
    await this.runs.tag(trained, CHAMPION, iso(this.wallStartMs));
    await this.runs.writeCounters();
    await this.writer.flush();
  }
}

function marketMs(hour: number): number {
  return MARKET_START_MS + hour * HOUR_MS;
}
