// Many records in few commits: each is as large as the store allows.

import type { WriteScope } from "../../src/domain/scope.ts";
import type { WriteKey } from "../../src/store/keys.ts";
import type { Store } from "../../src/store/kv.ts";

/** Under the store's limits of 1,000 mutations and 819,200 bytes, with room for what a commit adds. */
const MAX_RECORDS = 980;
const MAX_BYTES = 600_000;
const KEY_BYTES = 80;

export class BulkWriter {
  #records: { key: WriteKey<unknown>; value: unknown }[] = [];
  #bytes = 0;
  /** Records that were written. */
  count = 0;

  constructor(private readonly store: Store, private readonly scope: WriteScope) {}

  async set<T>(key: WriteKey<T>, value: T): Promise<void> {
    const bytes = KEY_BYTES + sizeOf(value);
    if (this.#records.length >= MAX_RECORDS || this.#bytes + bytes > MAX_BYTES) await this.flush();
    this.#records.push({ key, value });
    this.#bytes += bytes;
  }

  async flush(): Promise<void> {
    const records = this.#records;
    if (records.length === 0) return;
    this.#records = [];
    this.#bytes = 0;
    await this.store.commit(this.scope, (tx) => {
      for (const { key, value } of records) tx.set(key, value);
      return Promise.resolve();
    });
    this.count += records.length;
  }
}

/** About how long a value is when it is stored. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 4;
  if (typeof value !== "object" || value === null) return 9;
  if (ArrayBuffer.isView(value)) return value.byteLength + 16;
  let size = 8;
  for (const key in value) size += key.length + 4 + sizeOf((value as Record<string, unknown>)[key]);
  return size;
}
