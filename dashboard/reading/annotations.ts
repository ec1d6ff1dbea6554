// What a version's annotations say. They are JSON that a run has left, so that each may be missing or of
// another kind.

import { UNDEFINED } from "../../src/cards/format.ts";
import type { VersionRecord } from "../../src/domain/asset.ts";

type Annotated = Pick<VersionRecord, "annotations">;

/** Text; "–" where the run did not leave it. */
export function textOf({ annotations }: Annotated, name: string): string {
  const value = annotations[name];
  return typeof value === "string" ? value : UNDEFINED;
}

export function numberOf({ annotations }: Annotated, name: string): number | null {
  const value = annotations[name];
  return typeof value === "number" ? value : null;
}

/** ISO 8601; null where it is no time. */
export function timeOf(version: Annotated, name: string): string | null {
  const text = textOf(version, name);
  return Number.isNaN(Date.parse(text)) ? null : text;
}

/** Names in their order; none where the run left no list. */
export function namesOf({ annotations }: Annotated, name: string): string[] {
  const value = annotations[name];
  return Array.isArray(value) ? value.map(String) : [];
}
