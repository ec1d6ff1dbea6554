// Runs and what is written with them: numbers from the branch's counters, index entries, events, versions,
// steps, logs, tags.

import type { AuditRecord, VersionRecord } from "../../src/domain/asset.ts";
import { SYSTEM_TAGS } from "../../src/domain/names.ts";
import type { EventRecord, RunRecord } from "../../src/domain/run.ts";
import type { CounterName, WritableKeyMap } from "../../src/store/keys.ts";
import type { BulkWriter } from "./bulk_writer.ts";
import { ACTOR, BRANCH, type ExampleRun, PROJECT } from "./examples.ts";
import { type Move, moved } from "./moved.ts";

export class RunWriter {
  readonly #counts = new Map<CounterName, number>();

  constructor(
    private readonly writer: BulkWriter,
    private readonly keys: WritableKeyMap,
    /** The first run that keeps its steps, logs and tags. */
    private readonly firstDetailed: number,
  ) {}

  count(name: CounterName): number {
    return this.#counts.get(name) ?? 0;
  }

  next(name: CounterName): number {
    const value = this.count(name) + 1;
    this.#counts.set(name, value);
    return value;
  }

  /** Writes a run like the example: its record, index, events, versions; of newer ones the details. */
  async write(example: ExampleRun, move: Move, triggeredBy: number | null = null) {
    const id = this.next("run");
    const versions = example.versions.map((version) => ({
      ...moved(version, move),
      version: this.next(versionCounter(version.kind, version.name)),
      runId: id,
    }));
    const events: EventRecord[] = example.events.map((event) => ({
      ...moved(event, move),
      id: this.next("event"),
      runId: id,
    }));
    const { configs, ...record } = example.run;
    const run: RunRecord = {
      ...moved(record, move),
      configs,
      id,
      triggeredBy,
      produced: versions.map(({ kind, name, version }) => ({ kind, name, version })),
      events: events.map((event) => event.id),
    };
    await this.writer.set(this.keys.run(id), run);
    await this.writer.set(this.keys.runOfFlow(run.flow, id), true);
    for (const event of events) await this.writer.set(this.keys.event(event.id), event);
    for (const version of versions) await this.#version(version);
    if (id >= this.firstDetailed) await this.#details(example, run, move);
    return { run, events, versions };
  }

  async #version(record: VersionRecord): Promise<void> {
    const { kind, name, version } = record;
    await this.writer.set(this.keys.version(kind, name, version), record);
    for (const { ref, role, firstVersion } of record.inputs) {
      await this.writer.set(
        this.keys.usedBy(ref.kind, ref.name, ref.version, kind, name, version),
        { role, firstVersion },
      );
    }
  }

  async #details({ steps, logs }: ExampleRun, run: RunRecord, move: Move): Promise<void> {
    for (const step of steps) {
      await this.writer.set(this.keys.step(run.id, step.index), {
        ...moved(step, move),
        runId: run.id,
      });
    }
    for (const { index, part, lines } of logs) {
      await this.writer.set(this.keys.log(run.id, index, part), moved(lines, move));
    }
    const values = {
      project: PROJECT,
      branch: BRANCH,
      user: run.user,
      code: run.codeVersion,
      flow: run.flow,
    };
    for (const name of SYSTEM_TAGS) await this.tag(run, `${name}:${values[name]}`, run.startedAt);
  }

  async tag(run: { id: number; flow: string }, tag: string, addedAt: string): Promise<void> {
    await this.writer.set(this.keys.tagOfRun(run.id, tag), {
      system: true,
      addedAt,
      addedBy: ACTOR,
    });
    await this.writer.set(this.keys.runWithTag(run.flow, tag, run.id), true);
  }

  async event(record: Omit<EventRecord, "id">): Promise<void> {
    const id = this.next("event");
    await this.writer.set(this.keys.event(id), { id, ...record });
  }

  async audit(record: Omit<AuditRecord, "id">): Promise<void> {
    const id = this.next("audit");
    await this.writer.set(this.keys.audit(id), { id, ...record });
  }

  async writeCounters(): Promise<void> {
    for (const [name, value] of this.#counts) await this.writer.set(this.keys.counter(name), value);
  }
}

export function versionCounter(kind: VersionRecord["kind"], name: string): CounterName {
  return `version/${kind}/${name}`;
}
