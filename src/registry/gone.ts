// What a collection has forgotten so far, or would: a rehearsal marks blobs as if it had happened.

import type { PredictionBatch } from "../domain/prediction.ts";
import type { VersionRef } from "../domain/asset.ts";
import { NamedRanges } from "./number_ranges.ts";

export class Gone {
  /** Versions by asset, and runs by whether they went or only their steps did; each by branch. */
  readonly #numbers = new NamedRanges();
  readonly #batches = new Set<string>();

  addVersion({ branch, kind, name, version }: VersionRef): void {
    this.#numbers.add(`${branch} ${kind} ${name}`, version);
  }

  hasVersion({ branch, kind, name, version }: VersionRef): boolean {
    return this.#numbers.has(`${branch} ${kind} ${name}`, version);
  }

  addStepsOf(branch: string, runId: number): void {
    this.#numbers.add(`${branch} steps`, runId);
  }

  addBatch(branch: string, { marketAtMs, model, version }: PredictionBatch): void {
    this.#batches.add(JSON.stringify([branch, marketAtMs, model, version]));
  }

  /** @param rest the parts of the key after the kind */
  hasRecord(branch: string, kind: string, rest: Deno.KvKeyPart[]): boolean {
    switch (kind) {
      case "version": {
        const [asset, name, version] = rest;
        return this.#numbers.has(`${branch} ${String(asset)} ${String(name)}`, Number(version));
      }
      case "step":
        return this.#numbers.has(`${branch} steps`, Number(rest[0]));
      case "prediction":
        return this.#batches.has(JSON.stringify([branch, ...rest]));
      case "outcome": {
        const [model, version, marketAtMs] = rest as [string, number, number];
        return this.#batches.has(JSON.stringify([branch, marketAtMs, model, version]));
      }
      default:
        return false;
    }
  }
}
