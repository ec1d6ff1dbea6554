// A span of market time in days, of which all but the last can be read once and kept.

import type { ReadScope } from "../../src/domain/scope.ts";
import { DAY_MS } from "../../src/domain/time.ts";
import { clockOf, readBranch, type RegistryContext } from "../../src/registry/context.ts";

/** A span of market time, ms, both ends inclusive. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** The part of a span that lies in one UTC day. */
export interface DayPart extends Span {
  /** Midnight at which the day begins. */
  dayMs: number;
}

/** The days that a span touches, oldest first; the first and the last may be cut. Empty for no span. */
export function dayParts({ fromMs, toMs }: Span): DayPart[] {
  const parts: DayPart[] = [];
  for (let dayMs = Math.floor(fromMs / DAY_MS) * DAY_MS; dayMs <= toMs; dayMs += DAY_MS) {
    const end = dayMs + DAY_MS - 1;
    parts.push({ dayMs, fromMs: Math.max(fromMs, dayMs), toMs: Math.min(toMs, end) });
  }
  return fromMs <= toMs ? parts : [];
}

/**
 * The market time of a branch that pages show, ms: of the branch itself, or, where it never fetched and
 * reads another one's snapshots, of that one. Null without any data.
 */
export async function clockMs(registry: RegistryContext, scope: ReadScope): Promise<number | null> {
  const record = await readBranch(registry, scope) ??
    (scope.branch === registry.scopes.read.branch
      ? null
      : await readBranch(registry, registry.scopes.read));
  return record && clockOf(registry, record);
}

/** The name of a branch's things among those of all branches. */
export function branchKey({ project, branch }: ReadScope): string {
  return `${project}/${branch}`;
}
