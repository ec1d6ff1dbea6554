// The index of a flow's runs by itself, for readers that keep the runs that have ended. Beside runs.ts.

import type { ReadScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import type { RegistryContext } from "./context.ts";

/** Ids of a flow's runs, newest first; `before` is exclusive. */
export async function listRunIds(
  ctx: RegistryContext,
  scope: ReadScope,
  flow: string,
  limit: number,
  before?: number,
): Promise<number[]> {
  const entries = await ctx.store.list(keysOf(scope).runsOfFlow(flow), {
    limit,
    reverse: true,
    ...(before === undefined ? {} : { before: [before] }),
  });
  return entries.map(({ rest }) => Number(rest[0]));
}
