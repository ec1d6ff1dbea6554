// Rolling an alias back and revoking a version, as pages and the API ask for it: one commit each, the
// same as the command's.

import { z } from "zod";
import { type AliasEntry, ASSET, type RevocationRecord } from "../../src/domain/asset.ts";
import { AppError } from "../../src/domain/errors.ts";
import { checkAliasName } from "../../src/domain/names.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { aliasHolder, stageRevocation, stageRollback } from "../../src/registry/aliases.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import type { View } from "../view.ts";

const model = ASSET.detector;

/** Kept with the record for good. */
const reason = z.string().min(1).max(1000);

export const rollbackSchema = z.strictObject({
  reason: reason.describe("why, for the history"),
  expect: z.string().regex(/^v?[1-9]\d{0,14}$/).optional().meta({ expected: "a version (7, v7)" })
    .describe("version that must hold the alias now; else nothing is done"),
});

export const revocationSchema = z.strictObject({
  reason: reason.describe("why, for the record"),
  rollback: z.boolean().default(false)
    .describe("also return its aliases to the holders before, in the same commit"),
});

/**
 * Returns an alias to the holder before the present one. Throws `conflict` where there is none, and where
 * another holds it than is expected.
 */
export async function rollBack(
  { registry }: View,
  alias: string,
  { reason, expect }: z.output<typeof rollbackSchema>,
): Promise<AliasEntry> {
  const request = { model, alias: checkAliasName(alias), reason };
  const { store, scopes } = registry;
  const { entry } = await store.commit(scopes.write, async (tx) => {
    if (expect !== undefined) await assertHolder(tx, scopes.write, request, expect);
    return await stageRollback(registry, tx, request);
  });
  return entry;
}

/** Throws `conflict` naming the winner. Read through the transaction, its commit fails if it moves after. */
async function assertHolder(
  tx: Parameters<typeof aliasHolder>[0],
  scope: ReadScope,
  { alias }: { alias: string },
  expected: string,
): Promise<void> {
  const holder = await aliasHolder(tx, scope, model, alias);
  const version = Number(expected.replace("v", ""));
  if (holder === null || holder.version === version) return;
  throw new AppError(
    "conflict",
    `Cannot roll back ${alias} of ${model}: it is v${holder.version} since ${holder.setAt}, expected ` +
      `v${version}. Next: look at v${holder.version}, and roll back from there.`,
    { details: { winner: holder.version, alias } },
  );
}

/** Forbids a version for good. Throws `conflict` for a holder of an alias, unless it is rolled back. */
export async function revoke(
  { registry }: View,
  ref: string,
  asked: z.output<typeof revocationSchema>,
): Promise<{ revocation: RevocationRecord; rolledBack: AliasEntry[] }> {
  const { store, scopes } = registry;
  const { version } = await resolveVersion(registry, scopes.write, "model", model, ref);
  const request = { model, version, ...asked };
  return await store.commit(scopes.write, (tx) => stageRevocation(registry, tx, request));
}
