// Archives that are broken, cut, forged or of another time: each is refused for what is wrong with it,
// and nothing of it is written.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { writeScope } from "../../src/domain/scope.ts";
import { Mt19937 } from "../../src/random.ts";
import { sha256Hex } from "../../src/store/blobs.ts";
import { keysOf } from "../../src/store/keys.ts";
import {
  type Bytes,
  exportBytes,
  importBytes,
  type LooseManifest,
  type LooseVersion,
  openBytes,
  packed,
  type Part,
  partsOf,
  withManifest,
  withSums,
} from "../support/archives.ts";
import { dumpBranch, memoryRegistry, PROJECT } from "../support/registry.ts";
import { HOURS, withPipeline } from "./pipeline.ts";

const BLOCK = 512;

type Forgery = [what: string, forge: (archive: Bytes) => Bytes | Promise<Bytes>, said: string];

/** The manifest changed, everything else still right. */
function edited(edit: (manifest: LooseManifest) => void): Forgery[1] {
  return (archive) => withManifest(archive, edit);
}

/** The files changed, with a list of hashes that is right. */
function repacked(edit: (parts: Part[]) => void | Promise<void>): Forgery[1] {
  return async (archive) => {
    const parts = await partsOf(archive);
    await edit(parts);
    return await packed(await withSums(parts));
  };
}

/** A byte of a header changed, with the checksum made right. */
function withHeader(offset: number, text: string): Forgery[1] {
  return (archive) => {
    const forged = archive.slice();
    const second = BLOCK + Math.ceil(sizeIn(forged, 0) / BLOCK) * BLOCK;
    const header = forged.subarray(second, second + BLOCK);
    header.set(new TextEncoder().encode(text), offset);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\x00 `), 148);
    return forged;
  };
}

function sizeIn(archive: Bytes, at: number): number {
  return parseInt(new TextDecoder().decode(archive.subarray(at + 124, at + 135)), 8);
}

function find({ versions }: LooseManifest, name: string, version?: number): LooseVersion {
  return versions.find((one) => one.name === name && (version ?? one.version) === one.version)!;
}

/** Another file in the place of one that versions refer to, under its own hash, which they know. */
function replaced(name: string, role: string, content: string): Forgery[1] {
  return async (archive) => {
    const bytes = new TextEncoder().encode(content);
    const sha256 = await sha256Hex(bytes);
    let old = "";
    const forged = await withManifest(archive, (manifest) => {
      const file = find(manifest, name).files[role]!;
      old = String(file.sha256);
      const text = JSON.stringify(manifest.versions).replaceAll(old, sha256);
      manifest.versions = JSON.parse(text);
      for (const { files } of manifest.versions) {
        for (const one of Object.values(files)) {
          if (one.sha256 === sha256) one.byte_length = bytes.byteLength;
        }
      }
    });
    const parts = await partsOf(forged);
    const kept = parts.filter((part) => part.name !== `blobs/${old}`);
    kept.splice(-1, 0, { name: `blobs/${sha256}`, bytes });
    const [manifest, ...rest] = kept;
    const blobs = rest.slice(0, -1).sort((a, b) => a.name < b.name ? -1 : 1);
    return await packed(await withSums([manifest!, ...blobs, rest.at(-1)!]));
  };
}

const FORGERIES: Forgery[] = [
  ["an empty file", () => new Uint8Array(), "its 0 bytes end before the archive does"],
  ["no tar", () => new TextEncoder().encode("x".repeat(4096)), "byte 0 begins no file of a tar"],
  ["a tar of nothing", () => new Uint8Array(1024), "its first file is missing"],
  ["half of it", (archive) => archive.slice(0, archive.length / 2), "expected a whole one"],
  ["its end cut off", (archive) => archive.slice(0, -BLOCK), "its end is cut off"],
  ["without its end", (archive) => archive.slice(0, -2 * BLOCK), "end before the archive does"],
  [
    "garbage behind it",
    (archive) => new Uint8Array([...archive, ...new TextEncoder().encode("rm -rf")]),
    "1030 bytes follow its last file",
  ],
  ["a second archive behind it", (archive) => {
    const both = new Uint8Array(2 * archive.length);
    both.set(archive);
    both.set(archive, archive.length);
    return both;
  }, "bytes follow its last file"],
  ["a flipped bit in a header", (archive) => {
    const forged = archive.slice();
    forged[3]! ^= 1;
    return forged;
  }, "byte 0 begins no file of a tar"],
  ["a flipped bit in the manifest", (archive) => {
    const forged = archive.slice();
    const at = new TextDecoder("latin1").decode(forged).indexOf("anomaly test");
    forged[at]! ^= 1;
    return forged;
  }, "SHA256SUMS names other files or hashes"],
  ["a flipped bit in a file", (archive) => {
    const forged = archive.slice();
    forged[Math.ceil((BLOCK + sizeIn(forged, 0)) / BLOCK) * BLOCK + BLOCK]! ^= 1;
    return forged;
  }, "hash to"],
  ["a huge length", withHeader(124, "77777777777\x00"), "is said to be 8589934591 bytes"],
  ["a negative length", withHeader(124, "-0000000001\x00"), "has no length"],
  [
    "a length in base 256",
    withHeader(124, "\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"),
    "has no length",
  ],
  ["a link", withHeader(156, "2"), "is a link, a folder or something else"],
  ["a way out of the folder", withHeader(0, "../../etc/passwd\x00"), 'a file "../../etc/passwd'],
  ["an absolute path", withHeader(0, "/etc/passwd\x00"), 'a file "/etc/passwd'],
  ["a way out by the prefix", withHeader(345, "../.."), 'a file "../../blobs/'],
  ["a name that is no hash", withHeader(0, `blobs/${"g".repeat(64)}`), 'a file "blobs/ggg'],
  ["a file twice", repacked((parts) => void parts.splice(1, 0, parts[1]!)), '" twice'],
  [
    "the manifest last",
    repacked((parts) => void parts.push(parts.shift()!)),
    'its first file is "',
  ],
  [
    "no list of hashes",
    async (archive) => await packed((await partsOf(archive)).slice(0, -1)),
    "its last file is",
  ],
  ["a list of other hashes", async (archive) => {
    const parts = await partsOf(archive);
    parts.at(-1)!.bytes.set(new TextEncoder().encode("0000"));
    return await packed(parts);
  }, "SHA256SUMS names other files or hashes"],
  ["a missing file", repacked((parts) => void parts.splice(1, 1)), '" is missing'],
  [
    "a file that belongs to nothing",
    repacked((parts) => {
      parts.splice(-1, 0, { name: `blobs/${"f".repeat(64)}`, bytes: new Uint8Array(3) });
    }),
    "belongs to none of its versions",
  ],
  ["a file with other bytes", async (archive) => {
    const parts = await partsOf(archive);
    parts[1]!.bytes = parts[1]!.bytes.map((byte) => byte ^ 1);
    return await packed(parts);
  }, "hash to"],
  [
    "no JSON",
    repacked((parts) => {
      parts[0]!.bytes = new TextEncoder().encode("{");
    }),
    "manifest.json is no JSON",
  ],
  [
    "no UTF-8",
    repacked((parts) => {
      parts[0]!.bytes = new Uint8Array([0xff, 0xfe]);
    }),
    "manifest.json is no JSON",
  ],
  ["another format", edited((manifest) => manifest.format = "zip"), "format is"],
  [
    "a newer format",
    edited((manifest) => Object.assign(manifest, { format_version: 2, made_by: "anomaly 9.0.0" })),
    "it is of format version 2, made by anomaly 9.0.0; this program reads version 1",
  ],
  ["a key that nobody knows", edited((manifest) => manifest.extra = 1), "extra is not known"],
  ["no versions", edited((manifest) => manifest.versions = []), "versions is"],
  [
    "an asset that is not to be brought",
    edited((manifest) => {
      find(manifest, "training_dataset").name = "evaluation_results";
    }),
    'name is "evaluation_results"',
  ],
  [
    "a branch that no branch may be called",
    edited((manifest) => {
      manifest.versions[0]!.branch = "../x";
    }),
    "versions.0.branch",
  ],
  [
    "a record that is too large for the store",
    edited((manifest) => {
      manifest.versions[0]!.annotations = { note: "x".repeat(30_000) };
    }),
    "is larger than 28000 characters",
  ],
  [
    "a file that is said to be huge",
    edited((manifest) => {
      find(manifest, "anomaly_detector").files.model!.byte_length = 2 ** 40;
    }),
    "byte_length",
  ],
  [
    "a file that is said to be longer",
    edited((manifest) => {
      const { model } = find(manifest, "anomaly_detector").files;
      model!.byte_length = Number(model!.byte_length) + 1;
    }),
    "as manifest.json says",
  ],
  [
    "a role that every object has",
    edited((manifest) => {
      const version = find(manifest, "anomaly_detector");
      version.files = JSON.parse(
        JSON.stringify(version.files).replace('"model"', '"__proto__"'),
      );
    }),
    'anomaly_detector v1 has no file "model"',
  ],
  [
    "a version twice",
    edited((m) => void m.versions.push(m.versions[0]!)),
    "a version is in it twice",
  ],
  ["a run twice", edited((m) => void m.runs.push(m.runs[0]!)), "a run is in it twice"],
  ["without what it is about", edited((m) => m.head.version = 9), "it is about is not in it"],
  [
    "a second model",
    edited((manifest) => {
      const model = structuredClone(find(manifest, "anomaly_detector"));
      manifest.versions.push({ ...model, version: 2 });
    }),
    "it brings anomaly_detector v2 too",
  ],
  [
    "a model that was made of itself",
    edited((manifest) => {
      const { inputs, branch, version, kind, name } = find(manifest, "anomaly_detector");
      inputs[0]!.ref = { branch: branch as string, kind: kind as string, name, version };
    }),
    "is made of itself",
  ],
  [
    "a gap where the lineage ends",
    edited((manifest) => {
      manifest.versions = manifest.versions.filter((one) => one.version !== HOURS);
    }),
    `market_snapshot v1–v${HOURS}, of which training_dataset v1 was made, is missing`,
  ],
  [
    "a gap in the lineage",
    edited((manifest) => {
      const gone = find(manifest, "training_dataset");
      manifest.versions = manifest.versions.filter((one) => one !== gone);
    }),
    "training_dataset v1, of which anomaly_detector v1 was made, is missing",
  ],
  [
    "a reference by another hash",
    edited((manifest) => {
      find(manifest, "anomaly_detector").inputs[0]!.sha256 = "0".repeat(64);
    }),
    "by another hash",
  ],
  [
    "a model without its file",
    edited((manifest) => {
      const { files } = find(manifest, "anomaly_detector");
      files.other = files.model!;
      delete files.model;
    }),
    'anomaly_detector v1 has no file "model"',
  ],
  [
    "two snapshots of one time",
    edited((manifest) => {
      find(manifest, "market_snapshot", 1).market_at =
        find(manifest, "market_snapshot", 2).market_at;
    }),
    "a market time that no other snapshot has",
  ],
  [
    "a snapshot of another time than the dataset lists",
    edited((manifest) => {
      find(manifest, "market_snapshot", 1).market_at = "2031-01-01T00:00:00.000Z";
    }),
    "lists other snapshots than it comes with",
  ],
  [
    "snapshots that changed their places",
    edited((manifest) => {
      const [a, b] = [1, 2].map((version) => find(manifest, "market_snapshot", version));
      [a!.files, b!.files] = [b!.files, a!.files];
    }),
    "lists other snapshots than it comes with",
  ],
  ["a model that is none", replaced("anomaly_detector", "model", "pickle"), "the model of"],
  ["a table that is none", replaced("training_dataset", "table", "PAR1"), "the table of"],
  ["a list that is none", replaced("training_dataset", "members", "[]"), "lists other snapshots"],
];

Deno.test("an archive that is not whole and true is refused for what is wrong with it, and nothing is written", () =>
  withPipeline(async ({ registry, ingest, buildDataset, run, model }) => {
    await ingest(HOURS);
    await buildDataset();
    await run("train");
    const archive = await exportBytes(registry, await model());
    using other = await memoryRegistry();
    for (const [what, forge, said] of FORGERIES) {
      const forged = await forge(archive);
      const error = await assertRejects(() => importBytes(other, forged), Error, undefined, what);
      assert(error instanceof AppError, `${what}: ${error.stack}`);
      assertEquals(error.code, "invalid", `${what}: ${error.message}`);
      assert(error.message.includes(said), `${what}: ${error.message}`);
      assert(error.message.includes("Nothing was written"), `${what}: ${error.message}`);
      assert(error.message.length < 1500, `${what}: ${error.message.length} characters`);
    }
    assertEquals(await other.store.branchNames(PROJECT), []);
    assertEquals(await dumpBranch(other.store, "main"), []);
    // Taken apart and put together again it is what it was.
    assertEquals((await importBytes(other, await packed(await partsOf(archive)))).isKnown, false);
  }));

Deno.test("an archive with any bit flipped, or cut anywhere, is refused", () =>
  withPipeline(async ({ registry, ingest, data }) => {
    await ingest(1);
    const archive = await exportBytes(registry, await data("market_snapshot"));
    const random = new Mt19937(11);
    const below = (limit: number) => Math.floor(random.random() * limit);
    for (let i = 0; i < 400; i++) {
      const isCut = i % 4 === 0;
      const at = below(archive.length);
      const broken = isCut ? archive.slice(0, at) : archive.slice();
      const bit = below(8);
      if (!isCut) broken[at]! ^= 1 << bit;
      const what = isCut ? `cut at ${at}` : `bit ${bit} of byte ${at}`;
      const error = await assertRejects(() => openBytes(broken), Error, undefined, what);
      assert(error instanceof AppError && error.code === "invalid", `${what}: ${error.stack}`);
    }
  }));

Deno.test("a branch on which somebody has made another version of that number is not written over", () =>
  withPipeline(async ({ registry, ingest, data }) => {
    await ingest(2);
    const archive = await exportBytes(registry, await data("market_snapshot", "2"));
    using other = await memoryRegistry();
    const { branches: [branch] } = await importBytes(other, archive);
    const mirror = writeScope(PROJECT, branch!);
    const { store } = other;
    const key = keysOf(mirror).version("data", "market_snapshot", 2);
    const record = (await store.get(key))!;
    const squatter = { ...record, files: { ...record.files, table: record.files.raw! } };
    await store.commit(mirror, (tx) => Promise.resolve(tx.set(key, squatter)));
    using second = await memoryRegistry({ branch: "second", store });
    const error = await assertRejects(() => importBytes(second, archive), AppError);
    assertEquals(error.code, "conflict");
    assert(error.message.includes(`branch ${branch} has another one`), error.message);
    assertEquals(await store.get(key), squatter);
    assertEquals(await dumpBranch(store, "second"), []);
  }));
