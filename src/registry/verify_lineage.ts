// The proof of one version: from it to its dataset, the dataset's members and their raw responses, with
// every file hashed again and every hash that a version names compared.

import type { AssetFile, LineageInput, VersionRecord, VersionRef } from "../domain/asset.ts";
import { ASSET } from "../domain/asset.ts";
import { AppError, toAppError } from "../domain/errors.ts";
import { type ReadScope, readScope } from "../domain/scope.ts";
import { readBlob } from "../store/blobs.ts";
import { keysOf } from "../store/keys.ts";
import type { Store } from "../store/kv.ts";
import { refOf } from "./assets.ts";
import { type Finding, RESTORE } from "./findings.ts";

/** One version that was walked, or a whole range of members. */
export interface LineageStep {
  /** What it was used as; "asked for" of the one that the walk begins at. */
  role: string;
  ref: VersionRef;
  firstVersion: number;
  /** Versions of the range that are members. */
  versions: number;
  files: number;
  bytes: number;
  /** Files of the role "raw" among them: verbatim answers of the market. */
  rawFiles: number;
}

export interface LineageReport {
  steps: LineageStep[];
  findings: Finding[];
}

/** One line of a dataset's list of members, whose hash is the input's. */
interface Member {
  version: number;
  sha256: string;
}

/** Walks back from a version. What is wrong is a finding; the walk goes on as far as it leads. */
export async function verifyLineage(
  store: Store,
  project: string,
  version: VersionRecord,
  progress: (done: number, total: number) => void,
): Promise<LineageReport> {
  const walk = new LineageWalk(store, project, progress);
  const sha256 = version.files.model?.sha256 ?? version.files.table?.sha256 ?? "";
  await walk.follow({
    role: "asked for",
    ref: refOf(version),
    firstVersion: version.version,
    sha256,
  });
  return { steps: walk.steps, findings: walk.findings };
}

class LineageWalk {
  readonly steps: LineageStep[] = [];
  readonly findings: Finding[] = [];
  /** Files that were hashed: a model's dataset and its holdout have the same members. */
  readonly #hashed = new Set<string>();
  readonly #walked = new Set<string>();

  constructor(
    private readonly store: Store,
    private readonly project: string,
    private readonly progress: (done: number, total: number) => void,
  ) {}

  /** @param user the version whose input it is: it has the list of a range's members */
  async follow(input: LineageInput, user: VersionRecord | null = null): Promise<void> {
    const { ref, firstVersion, role } = input;
    const id = JSON.stringify([ref, firstVersion, input.sha256]);
    if (this.#walked.has(id)) return;
    this.#walked.add(id);
    const members = user && await this.#membersOf(input, user);
    const versions = members ?? rangeOf(input);
    const step = { role, ref, firstVersion, versions: 0, files: 0, bytes: 0, rawFiles: 0 };
    this.steps.push(step);
    const records: VersionRecord[] = [];
    for (const [i, { version, sha256 }] of versions.entries()) {
      if (versions.length > 1) this.progress(i + 1, versions.length);
      const record = await this.#open({ ...ref, version }, sha256);
      if (record === null) continue;
      step.versions++;
      await this.#hashFiles(record, step);
      records.push(record);
    }
    for (const record of records) {
      for (const inner of record.inputs) {
        if (isLineage(inner, record)) await this.follow(inner, record);
      }
    }
  }

  /** The list of a range's members, from the file whose hash the input names; null where there is none. */
  async #membersOf(input: LineageInput, user: VersionRecord): Promise<Member[] | null> {
    const file = Object.values(user.files).find(({ sha256 }) => sha256 === input.sha256);
    if (file === undefined || file.mediaType !== "application/json") return null;
    const bytes = await this.#read(refOf(user), file);
    return bytes && JSON.parse(new TextDecoder().decode(bytes));
  }

  async #open(ref: VersionRef, sha256: string | null): Promise<VersionRecord | null> {
    const keys = keysOf(this.#scope(ref));
    const record = await this.store.get(keys.version(ref.kind, ref.name, ref.version));
    if (record === null) {
      this.#find("reference", ref, "no such version", "one, of which the version was made");
      return null;
    }
    const hashes = Object.values(record.files).map((file) => file.sha256);
    if (sha256 !== null && !hashes.includes(sha256)) {
      this.#find(
        "reference",
        ref,
        `files ${hashes.join(", ")}`,
        `a file ${sha256}, which was used`,
      );
    }
    return record;
  }

  async #hashFiles(record: VersionRecord, step: LineageStep): Promise<void> {
    for (const [role, file] of Object.entries(record.files)) {
      const isKnown = this.#hashed.has(file.sha256);
      if (!isKnown && await this.#read(refOf(record), file) === null) continue;
      this.#hashed.add(file.sha256);
      step.files++;
      step.bytes += file.byteLength;
      if (role === "raw") step.rawFiles++;
    }
  }

  async #read(ref: VersionRef, file: AssetFile): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      return await readBlob(this.store, file);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#find("blob", ref, toAppError(error).message, `a file ${file.sha256}`);
      return null;
    }
  }

  #find(kind: Finding["kind"], ref: VersionRef, found: string, expected: string): void {
    this.findings.push({
      kind,
      project: this.project,
      branch: ref.branch,
      at: JSON.stringify(["version", ref.kind, ref.name, ref.version]),
      found,
      expected,
      next: RESTORE,
      mended: null,
    });
  }

  #scope({ branch }: VersionRef): ReadScope {
    return readScope(this.project, branch);
  }
}

/** The versions of an input without a list: all of its range; the hash is a single one's own. */
function rangeOf(
  { ref, firstVersion, sha256 }: LineageInput,
): { version: number; sha256: string | null }[] {
  if (firstVersion === ref.version) return [{ version: ref.version, sha256 }];
  const length = ref.version - firstVersion + 1;
  return Array.from({ length }, (_, i) => ({ version: firstVersion + i, sha256: null }));
}

/** An evaluation names the champion that it compared with; that one's own origin is another story. */
function isLineage({ role }: LineageInput, user: VersionRecord): boolean {
  return role !== "champion" || user.name !== ASSET.evaluationResults;
}
