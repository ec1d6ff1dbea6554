import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { AppError } from "../../src/domain/errors.ts";
import { writeScope } from "../../src/domain/scope.ts";
import {
  fitsOneCommit,
  putBlob,
  readBlob,
  requireBlob,
  stageBlob,
  writeBlob,
} from "../../src/store/blobs.ts";
import { blobKeys } from "../../src/store/keys.ts";
import { Store, type Transaction } from "../../src/store/kv.ts";

const MAIN = writeScope("crypto_anomaly", "main");
const EARLY = "2024-01-01T00:00:00.000Z";
const LATE = "2024-01-02T00:00:00.000Z";

/** Bytes that gzip cannot make smaller, so that the stored chunks are as many as they look. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = 12345;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

async function stored(store: Store, bytes: Uint8Array<ArrayBuffer>, compress = false) {
  const blob = await stageBlob(bytes, { compress });
  await writeBlob(store, MAIN, blob, EARLY);
  return blob.ref;
}

for (const length of [0, 1, 65_536, 65_537, 1_572_864]) {
  for (const compress of [false, true]) {
    const how = compress ? "compressed" : "as they are";
    Deno.test(`a blob of ${length} bytes, kept ${how}, is read back as it was`, async () => {
      using store = await Store.open(":memory:");
      const bytes = noise(length);
      const ref = await stored(store, bytes, compress);
      assertEquals(ref.byteLength, length);
      assertEquals(await readBlob(store, ref), bytes);
    });
  }
}

Deno.test("readBlob() gives any bytes back as they were, whatever they are and however kept", async () => {
  using store = await Store.open(":memory:");
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 400 }),
      fc.constantFrom(1, 100, 700),
      fc.boolean(),
      async (seed, times, compress) => {
        const bytes = new Uint8Array(seed.length * times);
        for (let k = 0; k < times; k++) bytes.set(seed, k * seed.length);
        const ref = await stored(store, bytes, compress);
        assertEquals(await readBlob(store, ref), bytes);
      },
    ),
    { numRuns: 40, seed: 1 },
  );
});

Deno.test("writeBlob() of more than one commit's worth writes the meta record last", async () => {
  using store = await Store.open(":memory:");
  const blob = await stageBlob(noise(1_572_864), { compress: false });
  assertEquals(fitsOneCommit([blob]), false);
  await writeBlob(store, MAIN, blob, EARLY);
  const { sha256 } = blob.ref;
  const meta = await store.entry(blobKeys.meta(sha256));
  assertEquals(meta.value?.chunkCount, 24);
  for (let i = 0; i < 24; i++) {
    const chunk = await store.entry(blobKeys.chunk(sha256, i));
    assertEquals(chunk.versionstamp! < meta.versionstamp!, true);
  }
});

Deno.test("storing bytes that are there already only touches them", async () => {
  using store = await Store.open(":memory:");
  for (const length of [100, 1_572_864]) {
    const blob = await stageBlob(noise(length), { compress: false });
    const { sha256 } = blob.ref;
    await writeBlob(store, MAIN, blob, EARLY);
    const chunk = await store.entry(blobKeys.chunk(sha256, 0));
    await writeBlob(store, MAIN, blob, LATE);
    const meta = await store.get(blobKeys.meta(sha256));
    assertEquals(meta?.touchedAt, LATE);
    const again = await store.entry(blobKeys.chunk(sha256, 0));
    assertEquals(again.versionstamp, chunk.versionstamp);
  }
});

Deno.test("a blob that is put in a transaction is there only if the transaction is", async () => {
  using store = await Store.open(":memory:");
  const blob = await stageBlob(noise(100), { compress: false });
  const giveUp = async (tx: Transaction) => {
    await putBlob(tx, blob, EARLY);
    await requireBlob(tx, blob.ref);
    throw new AppError("conflict", "gave up");
  };
  await assertRejects(() => store.commit(MAIN, giveUp), AppError, "gave up");
  await assertRejects(() => readBlob(store, blob.ref), AppError, "no such blob");
  await assertRejects(
    () => store.commit(MAIN, (tx) => requireBlob(tx, blob.ref)),
    AppError,
    "no such blob",
  );
});

/** What may befall a stored blob of two chunks, and what reading it must say. */
const DAMAGES: {
  what: string;
  says: string;
  compress?: boolean;
  damage: (tx: Transaction, sha256: string, chunk: Uint8Array<ArrayBuffer>) => void;
}[] = [
  {
    what: "whose meta record is gone",
    says: "no such blob",
    damage: (tx, sha256) => tx.delete(blobKeys.meta(sha256)),
  },
  {
    what: "with a missing chunk",
    says: "chunk 1 of 2 is missing",
    damage: (tx, sha256) => tx.delete(blobKeys.chunk(sha256, 1)),
  },
  {
    what: "with a chunk that is cut off",
    says: "stored bytes, expected",
    damage: (tx, sha256, chunk) => tx.set(blobKeys.chunk(sha256, 1), chunk.slice(0, -1)),
  },
  {
    what: "with a chunk that is too long",
    says: "too long",
    damage: (tx, sha256, chunk) =>
      tx.set(blobKeys.chunk(sha256, 1), new Uint8Array(chunk.length + 1)),
  },
  {
    what: "with one bit flipped",
    says: "its bytes hash to",
    damage: (tx, sha256, chunk) => {
      chunk[3]! ^= 1;
      tx.set(blobKeys.chunk(sha256, 1), chunk);
    },
  },
  {
    what: "that is compressed, with one byte flipped",
    says: "",
    compress: true,
    damage: (tx, sha256, chunk) => {
      chunk[30]! ^= 255;
      tx.set(blobKeys.chunk(sha256, 1), chunk);
    },
  },
];

for (const { what, says, compress = false, damage } of DAMAGES) {
  Deno.test(`readBlob() names a blob ${what}, and gives nothing of it`, async () => {
    using store = await Store.open(":memory:");
    const ref = await stored(store, noise(100_000), compress);
    const chunk = (await store.get(blobKeys.chunk(ref.sha256, 1)))!;
    await store.commit(MAIN, (tx) => Promise.resolve(damage(tx, ref.sha256, chunk)));
    const error = await assertRejects(() => readBlob(store, ref), AppError);
    assertEquals(error.code, "internal");
    assertEquals(error.details, { sha256: ref.sha256 });
    assertStringIncludes(error.message, ref.sha256.slice(0, 12));
    assertStringIncludes(error.message, says);
    assertStringIncludes(error.message, "backup");
  });
}
