// Rolling an alias back and revoking a version, as pages and the API ask for it: one commit each, the
// same as the command's.

import { z } from "zod";
import { type AliasEntry, ASSET, type RevocationRecord } from "../../src/domain/asset.ts";
import { checkAliasName } from "../../src/domain/names.ts";
import { stageRevocation, stageRollback } from "../../src/registry/aliases.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import type { View } from "../view.ts";

const model = ASSET.detector;

/** Kept with the record for good. */
const reason = z.string().min(1).max(1000);

export const rollbackSchema = z.strictObject({
  reason: reason.describe("why, for the history"),
});

export const revocationSchema = z.strictObject({
  reason: reason.describe("why, for the record"),
  rollback: z.boolean().default(false)
    .describe("also return its aliases to the holders before, in the same commit"),
});

/** Returns an alias to the holder before the present one. Throws `conflict` where there is none. */
export async function rollBack(
  { registry }: View,
  alias: string,
  { reason }: z.output<typeof rollbackSchema>,
): Promise<AliasEntry> {
  const request = { model, alias: checkAliasName(alias), reason };
  const { store, scopes } = registry;
  return (await store.commit(scopes.write, (tx) => stageRollback(registry, tx, request))).entry;
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
