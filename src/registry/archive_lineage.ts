// Lineage within an archive: in which order its versions stand, whether all that they refer to is there,
// and by what two archives of the same thing are known.

import { ASSET, type JsonObject, type LineageInput, type VersionRecord } from "../domain/asset.ts";
import { canonicalJson } from "../domain/json.ts";
import { sha256Hex } from "../store/blobs.ts";
import type { Refuse } from "./archive_check.ts";
import { PORTABLE } from "./archive_contents.ts";
import { type Manifest, ORIGIN, placeOf } from "./archive_manifest.ts";

/** The annotation of what was asked for that says where it came from. */
export const IMPORTED = "imported";
/** The same of what it was made of, which has a branch with a market clock of its own. */
export const MIRRORED = "mirrored_from";

/** Raw → snapshot → dataset → model is four. */
const MAX_DEPTH = 10;

/** Files without which a version is of no use, and the one by which its users refer to it. */
const NEEDED_FILES: Readonly<Record<string, readonly string[]>> = {
  [ASSET.detector]: ["model"],
  [ASSET.snapshot]: ["table", "raw"],
  [ASSET.trainingDataset]: ["table", "members"],
  [ASSET.evalHoldout]: ["table", "members"],
};

/** The versions, each behind all that it was made of. Refuses doubles, circles and what is missing. */
export function inputsFirst(versions: readonly VersionRecord[], refuse: Refuse): VersionRecord[] {
  const byPlace = new Map(versions.map((one) => [placeOf(one), one]));
  if (byPlace.size < versions.length) throw refuse("a version is in it twice", "each once");
  const find = finderOf(versions);
  const ordered = new Set<VersionRecord>();
  const open = new Set<VersionRecord>();
  const add = (version: VersionRecord) => {
    if (ordered.has(version)) return;
    if (open.has(version)) {
      throw refuse(`${named(version)} is made of itself`, "a lineage without circles");
    }
    open.add(version);
    if (open.size > MAX_DEPTH) throw refuse(`its lineage is deeper than ${MAX_DEPTH}`, "a lineage");
    for (const input of version.inputs) {
      const made = find(input);
      if (made.length === 0) {
        const { ref, firstVersion } = input;
        throw refuse(
          `${ref.name} v${
            firstVersion === ref.version ? "" : `${firstVersion}–v`
          }${ref.version}, ` +
            `of which ${named(version)} was made, is missing`,
          "the whole lineage",
        );
      }
      for (const one of made) add(one);
    }
    open.delete(version);
    ordered.add(version);
  };
  for (const version of versions) add(version);
  return [...ordered];
}

/** Finds the versions that an input names; none where the last of them, or the only one, is missing. */
function finderOf(versions: readonly VersionRecord[]) {
  const byAsset = new Map<string, VersionRecord[]>();
  const assetOf = ({ branch, kind, name }: LineageInput["ref"] | VersionRecord) =>
    `${branch}/${kind}/${name}`;
  for (const version of versions) {
    const list = byAsset.get(assetOf(version)) ?? [];
    list.push(version);
    byAsset.set(assetOf(version), list);
  }
  return ({ ref, firstVersion }: LineageInput): VersionRecord[] => {
    const found = (byAsset.get(assetOf(ref)) ?? [])
      .filter(({ version }) => version >= firstVersion && version <= ref.version);
    return found.some(({ version }) => version === ref.version) ? found : [];
  };
}

/** What the manifest says of its versions must be true of them, before their files are looked at. */
export function checkReferences(
  manifest: Manifest,
  versions: readonly VersionRecord[],
  head: VersionRecord,
  refuse: Refuse,
): void {
  if (!PORTABLE.includes(head.name)) throw refuse(`it is about ${head.name}`, PORTABLE.join(", "));
  const times = new Set<string>();
  const find = finderOf(versions);
  for (const version of versions) {
    if (version.kind === "model" && version !== head) {
      throw refuse(`it brings ${named(version)} too`, `no model beside ${named(head)}`);
    }
    const lacks = NEEDED_FILES[version.name]?.find((role) => !Object.hasOwn(version.files, role));
    if (lacks) throw refuse(`${named(version)} has no file "${lacks}"`, "one");
    for (const input of version.inputs) checkHash(version, input, find(input), refuse);
    if (version.name !== ASSET.snapshot) continue;
    const time = `${version.branch} ${version.marketAt}`;
    if (version.marketAt === null || times.has(time)) {
      throw refuse(
        `${named(version)} is of ${version.marketAt ?? "no time"}`,
        "a market time that no other snapshot has",
      );
    }
    times.add(time);
  }
  const runs = new Set(manifest.runs.map(({ branch, id }) => `${branch}/${id}`));
  if (runs.size < manifest.runs.length) throw refuse("a run is in it twice", "each once");
}

/** A reference carries the hash of what was used: a file of it, or the list of a dataset's members. */
function checkHash(
  user: VersionRecord,
  input: LineageInput,
  made: readonly VersionRecord[],
  refuse: Refuse,
): void {
  // The history behind fresh rows is hashed as a list, too, that only its run has kept.
  if (input.role === "history") return;
  const files = input.ref.name === ASSET.snapshot ? user.files : made.at(-1)!.files;
  if (Object.values(files).some(({ sha256 }) => sha256 === input.sha256)) return;
  throw refuse(
    `${named(user)} refers to ${input.ref.name} v${input.ref.version} by another hash`,
    "that of the file that was used",
  );
}

/**
 * A hash of what each version is, by its place: its files, what is said of it, and all that of what it
 * was made of; not which number it has, where it lies, or through whose hands it came.
 */
export async function contentHashes(
  versions: readonly VersionRecord[],
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const find = finderOf(versions);
  for (const version of versions) {
    const { [IMPORTED]: _i, [MIRRORED]: _m, ...annotations } = version.annotations;
    const files = Object.entries(version.files).filter(([role]) => role !== ORIGIN)
      .map(([role, { sha256, mediaType }]) => [role, `${sha256} ${mediaType}`]);
    const content: JsonObject = {
      kind: version.kind,
      name: version.name,
      market_at: version.marketAt,
      description: version.description,
      annotations,
      files: Object.fromEntries(files),
      inputs: version.inputs.map((input) => ({
        role: input.role,
        sha256: input.sha256,
        versions: find(input).map((one) => hashes.get(placeOf(one))!),
      })),
    };
    hashes.set(
      placeOf(version),
      await sha256Hex(new TextEncoder().encode(canonicalJson(content))),
    );
  }
  return hashes;
}

function named({ name, version }: VersionRecord): string {
  return `${name} v${version}`;
}
