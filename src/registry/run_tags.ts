// Tags that people give to runs and take away again. Beside runs.ts, which stages them; what a tag may
// not claim is decided here, inside the commit.

import { ASSET } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import { checkTagName, checkUserTag } from "../domain/names.ts";
import type { RunRecord } from "../domain/run.ts";
import { CHAMPION, isAliasTag } from "./aliases.ts";
import type { RegistryContext } from "./context.ts";
import { getTag, stageTag, stageUntag } from "./runs.ts";

export interface TagChange {
  tag: string;
  change: "add" | "remove";
  /** The command that shows the run. */
  see: string;
}

/**
 * Adds or removes a person's tag. Throws `invalid` for a name that no tag may have, `conflict` for an
 * alias or a tag of the program, `not_found` for one to remove that is not there.
 */
export async function changeRunTag(
  registry: RegistryContext,
  run: RunRecord,
  { tag, change, see }: TagChange,
): Promise<void> {
  const { write } = registry.scopes;
  (change === "add" ? checkUserTag : checkTagName)(tag);
  await registry.store.commit(write, async (tx) => {
    if (change === "add" && await isAliasTag(tx, write, ASSET.detector, tag)) {
      throw aliasTag(run, tag);
    }
    const present = await getTag(tx, write, run.id, tag);
    if (present?.system) {
      throw new AppError(
        "conflict",
        `Cannot change tag "${tag}": the program set it itself. See: ${see}`,
      );
    }
    if (change === "remove" && !present) {
      throw new AppError(
        "not_found",
        `Cannot remove tag "${tag}": run ${run.id} does not have it. See: ${see}`,
      );
    }
    if (change === "add") await stageTag(registry, tx, run, tag, false);
    else stageUntag(registry, tx, run, tag);
  });
}

/** A tag that looks like an alias would claim what only a promotion can prove. */
function aliasTag(run: RunRecord, name: string): AppError {
  return new AppError(
    "conflict",
    `Cannot tag run ${run.id} "${name}": that is an alias, which only a promotion gives and takes. ` +
      `Next: anomaly promote --run_id ${run.id}${name === CHAMPION ? "" : ` --alias ${name}`}`,
  );
}
