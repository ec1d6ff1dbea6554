// Verifying a store: every record of every branch and project against the table of references, every
// number, every blob. Others may write meanwhile: what seems wrong is looked at again in one transaction.

import type { CoinScores, PredictionBatch } from "../domain/prediction.ts";
import { type ReadScope, writeScope } from "../domain/scope.ts";
import { BatchReader } from "../store/batch_reader.ts";
import { type CounterName, keysOf, type ReadKey } from "../store/keys.ts";
import type { Reader, Store, Transaction } from "../store/kv.ts";
import { allBranches, branchPrefix, kindsOn, type ScannedEntry, scanPages } from "../store/scan.ts";
import type { Finding, Suspicion } from "./findings.ts";
import { newestOf } from "./newest.ts";
import { placeOf } from "./pointers.ts";
import { type Counted, RECORD_KINDS } from "./references.ts";
import { type BlobCount, verifyBlobs } from "./verify_blobs.ts";
import { type BatchKey, checkCoins, CoinTally } from "./verify_coins.ts";
import { checkRecord, type FoundRecord } from "./verify_records.ts";
import {
  checkCounter,
  checkMissing,
  type Missing,
  missingBetween,
  notForgotten,
  SequenceWalk,
} from "./verify_sequences.ts";

/** Findings that are listed; all are counted. */
const MAX_LISTED = 1000;

export interface VerifyOptions {
  /** Mends index entries and counters, and nothing else. */
  repair: boolean;
  /** Told how far it has come: what is looked at, and a share from 0 to 1. */
  progress(what: string, share: number): void;
}

export interface VerifyReport {
  branches: number;
  records: number;
  blobs: BlobCount["blobs"];
  blobBytes: BlobCount["bytes"];
  /** How many things are wrong, mended ones among them. */
  wrong: number;
  mended: number;
  /** The first of them. */
  findings: Finding[];
  /** Blobs that were being written when a process died: no damage, and gc takes them. */
  leftOverBlobs: number;
}

/** Looks at everything. Throws `internal` where the database cannot be read on. */
export async function verifyStore(store: Store, options: VerifyOptions): Promise<VerifyReport> {
  const report = emptyReport();
  const scopes = await allBranches(store);
  for (const [i, scope] of scopes.entries()) {
    const progress = (share: number) => options.progress("records", (i + share) / scopes.length);
    await new BranchCheck(store, scope, options.repair, report).run(progress);
    report.branches++;
  }
  const { blobs, bytes } = await verifyBlobs(store, {
    finding: (finding) => addFinding(report, finding),
    leftOver: () => report.leftOverBlobs++,
    progress: (share) => options.progress("blobs", share),
  });
  options.progress("blobs", 1);
  return { ...report, blobs, blobBytes: bytes };
}

export function emptyReport(): VerifyReport {
  return {
    branches: 0,
    records: 0,
    blobs: 0,
    blobBytes: 0,
    wrong: 0,
    mended: 0,
    findings: [],
    leftOverBlobs: 0,
  };
}

export function addFinding(report: VerifyReport, finding: Finding): void {
  report.wrong++;
  if (finding.mended !== null) report.mended++;
  if (report.findings.length < MAX_LISTED) report.findings.push(finding);
}

/** The walk over one branch. */
class BranchCheck {
  readonly #numbers = new SequenceWalk();
  readonly #coins = new CoinTally();
  /** Counters that no record of their sequence was met for yet. */
  readonly #unmet = new Map<string, number>();
  /** What was looked at again already. */
  readonly #told = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly scope: ReadScope,
    private readonly repair: boolean,
    private readonly report: VerifyReport,
  ) {}

  async run(progress: (share: number) => void): Promise<void> {
    const kinds = await kindsOn(this.store, this.scope);
    for (const [i, kind] of kinds.entries()) {
      const prefix = [...branchPrefix(this.scope), kind];
      for await (const page of scanPages(this.store, prefix)) {
        this.report.records += page.length;
        await this.#checkPage(kind, page);
        progress(i / kinds.length);
      }
      await this.#endSequence(null);
    }
    for (const batch of this.#coins.leftOver()) await this.#confirmCoins(batch);
    await this.#checkEmptySequences();
  }

  async #checkPage(kind: string, page: readonly ScannedEntry[]): Promise<void> {
    const reader = new BatchReader(this.store);
    const suspects = await Promise.all(page.map(async ({ key, value }) => {
      const record = { kind, key, value };
      const place = placeOf(this.store, reader, this.scope, key.slice(4));
      return (await checkRecord(record, place)).length > 0 ? record : null;
    }));
    for (const record of suspects) if (record !== null) await this.#confirmRecord(record);
    for (const { key, value } of page) await this.#follow(kind, key, value);
  }

  /** What is seen only by looking at many records one after another. */
  async #follow(kind: string, key: Deno.KvKey, value: unknown): Promise<void> {
    const rest = key.slice(4);
    if (kind === "counter") this.#unmet.set(String(rest[0]), Number(value));
    if (kind === "coin_scores") this.#coins.add(rest, value as CoinScores);
    if (kind === "prediction" && !this.#coins.agrees(rest, value as PredictionBatch)) {
      await this.#confirmCoins(rest as BatchKey);
    }
    const counted = RECORD_KINDS[kind]?.counted?.({ rest });
    if (counted === undefined) return;
    await this.#endSequence(counted);
    this.#unmet.delete(counted.counter);
    await this.#confirmMissing(this.#numbers.next(counted, key));
  }

  /** Numbers behind the last record of a sequence, and a counter that is behind it. */
  async #endSequence(by: Counted | null): Promise<void> {
    const last = this.#numbers.ended(by);
    if (last === null) return;
    const { counted, key } = last;
    const given = await this.store.get(keysOf(this.scope).counter(counted.counter)) ?? 0;
    await this.#confirmMissing(missingBetween(counted, key, counted.number + 1, given + 1));
    if (given < counted.number) {
      await this.#confirm("counter", key, (reader) => checkCounter(last, this.scope, reader));
    }
  }

  async #checkEmptySequences(): Promise<void> {
    for (const [name, number] of this.#unmet) {
      const newest = newestOf(name as CounterName, number, keysOf(this.scope));
      if (newest) await this.#confirmMissing([newest]);
    }
  }

  async #confirmMissing(missing: readonly Missing[]): Promise<void> {
    if (missing.length === 0) return;
    for (const one of await notForgotten(missing, this.scope, this.store)) {
      await this.#confirm("missing", one.key, (reader) => checkMissing(one, this.scope, reader));
    }
  }

  #confirmRecord({ kind, key }: FoundRecord): Promise<void> {
    return this.#confirm("record", key, async (reader) => {
      const record: ReadKey<unknown> = { parts: key };
      const value = await reader.get(record);
      if (value === null) return [];
      return checkRecord(
        { kind, key, value },
        placeOf(this.store, reader, this.scope, key.slice(4)),
      );
    });
  }

  #confirmCoins(batch: BatchKey): Promise<void> {
    const { parts } = keysOf(this.scope).coinScores(0, ...batch);
    return this.#confirm(
      "coins",
      parts,
      (reader) => checkCoins(placeOf(this.store, reader, this.scope, []), batch),
    );
  }

  /**
   * Looks again, in a transaction: it goes through only if all that was read was there at one moment. With
   * `repair` it mends in that very transaction.
   */
  async #confirm(
    what: string,
    key: Deno.KvKey,
    look: (reader: Reader) => Promise<Suspicion[]>,
  ): Promise<void> {
    const id = JSON.stringify([what, ...key]);
    if (this.#told.has(id)) return;
    this.#told.add(id);
    const findings = await this.#lookAgain(look);
    for (const finding of findings) addFinding(this.report, finding);
  }

  async #lookAgain(look: (reader: Reader) => Promise<Suspicion[]>): Promise<Finding[]> {
    const { store, scope: { project, branch } } = this;
    // To one that is to be migrated first nothing is committed, by nobody.
    if (store.schema.phase !== "current") return (await look(store)).map(({ finding }) => finding);
    return await store.commit(writeScope(project, branch), async (tx) => {
      const suspicions = await look(tx);
      return suspicions.map((suspicion) => this.repair ? mend(suspicion, tx) : suspicion.finding);
    });
  }
}

function mend({ finding, mend }: Suspicion, tx: Transaction): Finding {
  if (mend === null) return finding;
  mend.apply(tx);
  return { ...finding, mended: mend.what };
}
