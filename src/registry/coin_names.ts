// Coins by what people type: what to say of an id that was never scored.

import { AppError } from "../domain/errors.ts";
import type { ReadScope } from "../domain/scope.ts";
import type { RegistryContext } from "./context.ts";
import { listBatches, readBatch } from "./predictions.ts";

/** Coins that a refusal suggests. */
const MAX_SUGGESTED = 5;

/**
 * `not_found` for a coin without a score, with ids of the newest predictions that may have been meant.
 *
 * @param next where to look, as the message's last words: "See: anomaly predictions --all"
 */
export async function coinNotFound(
  ctx: RegistryContext,
  scope: ReadScope,
  id: string,
  next: string,
): Promise<AppError> {
  const [batch] = await listBatches(ctx, scope, { limit: 1, reverse: true });
  const rows = batch ? await readBatch(ctx, batch) : [];
  const text = id.toLowerCase();
  const near = rows
    .filter((row) => row.coinId.includes(text) || row.symbol.toLowerCase() === text)
    .slice(0, MAX_SUGGESTED).map((row) => row.coinId);
  const expected = near.length > 0
    ? `expected an id such as ${near.join(", ")}`
    : rows.length > 0
    ? `expected an id such as ${rows[0]!.coinId}`
    : "nothing was scored yet";
  return new AppError(
    "not_found",
    `Cannot show coin "${id}": no score of it on branch ${scope.branch} then; ${expected}. ${next}`,
    { details: { coin: id, near } },
  );
}
