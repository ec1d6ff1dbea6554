// The grammar of names: branches, assets, aliases, version references, run references. One file, so
// that the CLI, the registry and the API agree on what a person may type.

import { AppError } from "./errors.ts";

/** Where a model version reference points, before the registry is asked. */
export type ParsedVersionRef =
  | { kind: "latest"; back: number }
  | { kind: "number"; version: number }
  | { kind: "alias"; alias: string }
  | { kind: "run"; runId: number };

const ALIAS = /^[a-z][a-z0-9_-]{0,63}$/;
const BRANCH = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/;
const TAG = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;
/** What the program tags every run with, as `branch:main`; none of them is a user's to give. */
export const SYSTEM_TAGS = ["project", "branch", "user", "code", "flow"] as const;

/** Tag of the runs that a schedule started. */
export const SCHEDULED_TAG = "scheduled";

/** The original's names of the flows, accepted wherever a flow is named. */
export const ORIGINAL_FLOW_NAMES: Readonly<Record<string, string>> = {
  IngestMarketDataFlow: "ingest",
  BuildDatasetFlow: "build_dataset",
  TrainDetectorFlow: "train",
  EvaluateDetectorFlow: "evaluate",
  PromoteModelFlow: "promote",
  ScoreSnapshotFlow: "score",
  ValidateOutcomesFlow: "validate_outcomes",
};

const RESERVED_ALIAS = /^(latest(-.*)?|none|fresh|v?\d+)$/;

/** What a person may write for a version. Shown in help and in errors. */
export const VERSION_REF_FORMS =
  "latest, latest-N, a number (7, v7), an alias (champion), run:<id>";

/** Throws `invalid` unless the text is a version reference. */
export function parseVersionRef(text: string): ParsedVersionRef {
  const latest = /^latest(?:-(\d{1,4}))?$/.exec(text);
  if (latest) return { kind: "latest", back: Number(latest[1] ?? 0) };
  const number = /^v?(\d{1,15})$/.exec(text);
  if (number && Number(number[1]) > 0) return { kind: "number", version: Number(number[1]) };
  const run = /^run:(\d{1,15})$/.exec(text);
  if (run) return { kind: "run", runId: Number(run[1]) };
  const alias = text.startsWith("@") ? text.slice(1) : text;
  if (isAliasName(alias)) return { kind: "alias", alias };
  throw new AppError(
    "invalid",
    `Cannot read version "${text}": expected ${VERSION_REF_FORMS}. See: anomaly models list`,
    { details: { version: text } },
  );
}

/** Whether the text may name an alias: not a form that already means a version. */
export function isAliasName(text: string): boolean {
  return ALIAS.test(text) && !RESERVED_ALIAS.test(text);
}

/** Throws `invalid` unless the text may name an alias. */
export function checkAliasName(text: string): string {
  if (isAliasName(text)) return text;
  throw new AppError(
    "invalid",
    `Cannot use alias "${text}": expected lower-case letters, digits, _ or -, beginning with a ` +
      `letter, and none of latest, none, fresh, v7. Next: choose another, such as staging.`,
  );
}

export function isBranchName(text: string): boolean {
  return BRANCH.test(text);
}

/** Whether a branch is what a pattern of the configuration means; * stands for any text. */
export function matchesBranchPattern(pattern: string, branch: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(branch);
}

/** A flow's own name, from either of its names. Throws `invalid` listing the flows. */
export function flowNameOf(text: string): string {
  const names = Object.entries(ORIGINAL_FLOW_NAMES);
  const found = names.find(([original, own]) => text === own || text === original);
  if (found) return found[1];
  const known = names.map(([original, own]) => `${own} (${original})`).join(", ");
  throw new AppError("invalid", `Cannot find flow "${text}": expected ${known}.`, {
    details: { flow: text },
  });
}

/** Throws `invalid` unless the text has the form of a run's tag. */
export function checkTagName(text: string): string {
  if (TAG.test(text)) return text;
  throw new AppError(
    "invalid",
    `Cannot use tag "${text}": expected letters, digits and . _ : / - (at most 100), beginning ` +
      `with a letter or digit. Next: choose another, such as baseline.`,
  );
}

/** Throws `invalid` unless a user may give the tag to a run. */
export function checkUserTag(text: string): string {
  checkTagName(text);
  const system = SYSTEM_TAGS.find((name) => text.startsWith(`${name}:`));
  if (system === undefined) return text;
  throw new AppError(
    "invalid",
    `Cannot use tag "${text}": only the program gives tags that begin with ${system}:, expected ` +
      `another beginning than ${SYSTEM_TAGS.map((name) => `${name}:`).join(" ")}. Next: choose ` +
      `another, such as baseline.`,
  );
}

/**
 * A run as people write it: `12`, `run:12`, or `TrainDetectorFlow/12`; the flow by its own name.
 * Throws `invalid` for anything else, and for an unknown flow.
 */
export function parseRunRef(text: string): { flow: string | null; runId: number } {
  const match = /^(?:run:|([A-Za-z_]+)\/)?(\d{1,15})$/.exec(text);
  if (match && Number(match[2]) > 0) {
    return { flow: match[1] ? flowNameOf(match[1]) : null, runId: Number(match[2]) };
  }
  throw new AppError(
    "invalid",
    `Cannot read run "${text}": expected a number, run:<id> or <flow>/<id>. See: anomaly runs list`,
    { details: { run: text } },
  );
}
