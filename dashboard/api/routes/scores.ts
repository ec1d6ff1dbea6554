// Scoring rows that someone hands in, by any stored version.

import { z } from "@hono/zod-openapi";
import { ASSET, type VersionRecord } from "../../../src/domain/asset.ts";
import { AppError } from "../../../src/domain/errors.ts";
import { VERSION_REF_FORMS } from "../../../src/domain/names.ts";
import { didYouMean } from "../../../src/domain/problems.ts";
import { CHAMPION } from "../../../src/registry/aliases.ts";
import { resolveVersion } from "../../../src/registry/assets.ts";
import { namesOf } from "../../reading/annotations.ts";
import { defineOperation, type Operation } from "../operation.ts";
import { scoresSchema } from "../schemas/predictions.ts";

export const MAX_ROWS = 10_000;

/** Rows and names that one refusal tells of. */
const MAX_NAMED = 20;

type Row = Readonly<Record<string, number | null>>;

const score = defineOperation({
  method: "post",
  path: "/score",
  group: "predictions",
  summary: "Score rows by the champion or any version",
  description: "Each row by itself. A row has every feature that the version takes, null for a " +
    "missing value; GET /features lists them. At most 10,000 rows and 5 MB, which are some 4,500 rows " +
    "of 33 features. Nothing is stored.",
  body: z.strictObject({
    model: z.string().min(1).max(100).default(CHAMPION)
      .describe(`an alias or a version: ${VERSION_REF_FORMS}`),
    rows: z.array(z.record(z.string(), z.number().nullable())).min(1).max(MAX_ROWS)
      .describe("feature → value, a row an object"),
  }),
  answer: scoresSchema,
  answers: "Scores, decisions and flags, in the order of the rows",
  example: {
    path: "/score",
    body: { model: CHAMPION, rows: [{ price_change_pct_24h: -31, "…": null }] },
  },
  handle: async ({ view, body: { model, rows } }) => {
    const { deps, registry } = view;
    const { write } = registry.scopes;
    const record = await resolveVersion(registry, write, "model", ASSET.detector, model);
    assertFeatures(record, rows);
    const { version, threshold, feature_names, rows: scored } = await deps.scoreRows(
      registry,
      record.version,
      rows,
    );
    return {
      model: record.name,
      version,
      threshold,
      feature_names,
      scores: scored.map(({ score }) => score),
      decisions: scored.map(({ decision }) => decision),
      flags: scored.map(({ flagged }) => flagged),
    };
  },
});

export const scoreOperations: Operation[] = [score];

/** Throws `invalid`, once for all rows: with every feature that any lacks, and every one not known. */
function assertFeatures(record: VersionRecord, rows: readonly Row[]): void {
  const needed = namesOf(record, "feature_names");
  const known = new Set([...needed, ...namesOf(record, "dropped_features")]);
  const lacking = new Map<string, number[]>();
  const unknown = new Map<string, number[]>();
  rows.forEach((row, i) => {
    for (const name of needed) if (!Object.hasOwn(row, name)) add(lacking, name, i);
    for (const name of Object.keys(row)) if (!known.has(name)) add(unknown, name, i);
  });
  if (lacking.size === 0 && unknown.size === 0) return;
  const problems = [
    ...listed(lacking).map(([name, at]) => `${name} is missing in ${rowsText(at)}`),
    ...listed(unknown).map(([name, at]) =>
      `${name} in ${rowsText(at)} is no feature${didYouMean(name, needed)}`
    ),
  ];
  throw new AppError(
    "invalid",
    `Cannot score with ${record.name} v${record.version}: ${problems.join("; ")}. Expected its ` +
      `${needed.length} features, null for a missing value. See: GET /api/v1/features?model=` +
      `${record.version}`,
    { details: { problems, feature_names: needed } },
  );
}

function add(places: Map<string, number[]>, name: string, row: number): void {
  const rows = places.get(name);
  if (rows) rows.push(row);
  else places.set(name, [row]);
}

function listed(places: ReadonlyMap<string, number[]>): [string, number[]][] {
  return [...places].slice(0, MAX_NAMED);
}

/** "row 3", "rows 1 and 4", "200 rows, the first is row 1": rows are counted from 1. */
function rowsText(at: readonly number[]): string {
  const [first, second] = at.map((row) => row + 1);
  if (at.length === 1) return `row ${first}`;
  return at.length === 2
    ? `rows ${first} and ${second}`
    : `${at.length} rows, the first is row ${first}`;
}
