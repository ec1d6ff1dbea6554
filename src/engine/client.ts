// The read API for scripts, the package's own export: runs by tag, models by alias.
//
//   import { openClient } from "@anomaly/anomaly";
//   using client = await openClient({ kv: "anomaly_data/registry.kv", branch: "main" });
//   for await (const run of client.flow("TrainDetectorFlow").runs({ tag: "champion" })) { … }

import { type AliasEntry, ASSET, type JsonObject, type VersionRecord } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import { flowNameOf } from "../domain/names.ts";
import type { LogLine, RunRecord, StepRecord } from "../domain/run.ts";
import { type ReadScope, readScope, writeScope } from "../domain/scope.ts";
import { aliasHistory, aliasHolderAt } from "../registry/alias_history.ts";
import { aliasHolder, CHAMPION } from "../registry/aliases.ts";
import { getVersion, readFile, resolveVersion } from "../registry/assets.ts";
import type { RegistryContext } from "../registry/context.ts";
import { listRuns, listSteps, listTags, readLog, requireRun } from "../registry/runs.ts";
import { Store } from "../store/kv.ts";

const PAGE = 50;

export interface ClientOptions {
  /** Path or URL of the store; without one the platform's own (on Deno Deploy). */
  kv?: string;
  branch?: string;
  project?: string;
}

/** Opens a store for reading. Throws AppError `unavailable` where there is none to open. */
export async function openClient(options: ClientOptions = {}): Promise<Client> {
  const { kv, branch = "main", project = "crypto_anomaly" } = options;
  if (kv !== undefined && kv !== ":memory:" && !/^https?:/.test(kv)) await assertFile(kv);
  return new Client(await Store.open(kv), project, branch);
}

/** Opening a path makes a store of it: a reader must look first. Throws `unavailable`. */
async function assertFile(path: string): Promise<void> {
  try {
    await Deno.stat(path);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new AppError(
      "unavailable",
      `Cannot open the store ${path}: ${found}. Expected a Deno KV database. Next: name the path ` +
        `that commands were given by --kv or ANOMALY_KV.`,
      { cause: error },
    );
  }
}

/** A branch of a registry, read-only. Close it with `using` or `close()`. */
export class Client implements Disposable {
  readonly #registry: RegistryContext;
  readonly #scope: ReadScope;

  constructor(private readonly store: Store, project: string, branch: string) {
    this.#scope = readScope(project, branch);
    // Nothing here writes; the context asks for a write scope only to name the branch.
    const scopes = { write: writeScope(project, branch), read: this.#scope };
    this.#registry = { store, scopes, actor: "client", nowMs: Date.now };
  }

  [Symbol.dispose](): void {
    this.close();
  }

  close(): void {
    this.store[Symbol.dispose]();
  }

  /** A flow, by its name or the original's. Throws AppError `invalid` listing the flows. */
  flow(name: string): FlowClient {
    return new FlowClient(this.#registry, this.#scope, flowNameOf(name));
  }

  /** A run by its id. Throws AppError `not_found`. */
  async run(id: number): Promise<Run> {
    return new Run(this.#registry, this.#scope, await requireRun(this.#registry, this.#scope, id));
  }

  /** A model asset; the detector unless named. */
  model(name: string = ASSET.detector): ModelClient {
    return new ModelClient(this.#registry, this.#scope, name);
  }
}

/** The runs of one flow. */
export class FlowClient {
  constructor(
    private readonly registry: RegistryContext,
    private readonly scope: ReadScope,
    private readonly flow: string,
  ) {}

  /** Runs newest first, all of them or those with a tag; read page by page as they are asked for. */
  async *runs(options: { tag?: string } = {}): AsyncGenerator<Run> {
    let before: number | undefined;
    for (;;) {
      const page = await listRuns(this.registry, this.scope, {
        limit: PAGE,
        flow: this.flow,
        ...(options.tag === undefined ? {} : { tag: options.tag }),
        ...(before === undefined ? {} : { before }),
      });
      for (const record of page) yield new Run(this.registry, this.scope, record);
      if (page.length < PAGE) return;
      before = page.at(-1)!.id;
    }
  }
}

/** One run: its record, and what lies under it. */
export class Run {
  constructor(
    private readonly registry: RegistryContext,
    private readonly scope: ReadScope,
    readonly record: RunRecord,
  ) {}

  get id(): number {
    return this.record.id;
  }

  /** `train/12` */
  get pathspec(): string {
    return `${this.record.flow}/${this.id}`;
  }

  steps(): Promise<StepRecord[]> {
    return listSteps(this.registry, this.scope, this.id);
  }

  logs(): Promise<LogLine[]> {
    return readLog(this.registry, this.scope, this.id);
  }

  async tags(): Promise<string[]> {
    return (await listTags(this.registry, this.scope, this.id)).map(({ tag }) => tag);
  }

  /** Artifacts of all steps; of one name the last step's. */
  async artifacts(): Promise<JsonObject> {
    return Object.assign({}, ...(await this.steps()).map((step) => step.artifacts));
  }
}

/** The versions of one model, and who holds its aliases. */
export class ModelClient {
  constructor(
    private readonly registry: RegistryContext,
    private readonly scope: ReadScope,
    private readonly name: string,
  ) {}

  /** The version that a reference means: latest, latest-1, 7, champion, run:12. Throws AppError. */
  version(ref: string): Promise<VersionRecord> {
    return resolveVersion(this.registry, this.scope, "model", this.name, ref);
  }

  /** The present holder of an alias; null when nobody holds it. */
  async champion(alias: string = CHAMPION): Promise<VersionRecord | null> {
    const holder = await aliasHolder(this.registry.store, this.scope, this.name, alias);
    return holder &&
      await getVersion(this.registry, this.scope, "model", this.name, holder.version);
  }

  /** Who held an alias at a market time. */
  championAt(at: Date, alias: string = CHAMPION): Promise<AliasEntry | null> {
    return aliasHolderAt(this.registry, this.scope, this.name, alias, at.getTime());
  }

  /** Holders newest first. */
  history(alias: string = CHAMPION, limit = PAGE): Promise<AliasEntry[]> {
    return aliasHistory(this.registry, this.scope, this.name, alias, limit);
  }

  /** The safetensors file of a version, after its hash was checked. */
  download(version: VersionRecord): Promise<Uint8Array<ArrayBuffer>> {
    return readFile(this.registry, version, "model");
  }
}
