// champion: who holds the alias, now or at a time.

import { z } from "zod";
import { ASSET } from "../../domain/asset.ts";
import { AppError } from "../../domain/errors.ts";
import { checkAliasName } from "../../domain/names.ts";
import { aliasHistory, aliasHolderAt } from "../../registry/alias_history.ts";
import { CHAMPION } from "../../registry/aliases.ts";
import { defineCommand, hint, openSession } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { parseTime } from "../times.ts";
import { facts, instant } from "../text.ts";

const model = ASSET.detector;

export const champion = defineCommand({
  name: "champion",
  group: "look",
  summary: "Who is champion, now or at a market time.",
  params: z.strictObject({
    alias: z.string().default(CHAMPION).describe("alias to look up"),
    at: z.string().optional().meta({ placeholder: "time" })
      .describe("market time, ISO 8601: 2022-05-09, 2022-05-09T17:00Z (UTC unless it says)"),
    ...branchParams,
  }),
  examples: ["anomaly champion", "anomaly champion --at 2022-05-09T17:00Z --json"],
  run: async (app, call) => {
    const { at } = call.params;
    const alias = checkAliasName(call.params.alias);
    const atMs = at === undefined ? null : parseTime("at", at);
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const { write } = registry.scopes;
    const entry = atMs === null
      ? (await aliasHistory(registry, write, model, alias, 1))[0]
      : await aliasHolderAt(registry, write, model, alias, atMs);
    if (!entry) {
      throw new AppError(
        "not_found",
        `Cannot name the ${alias} of branch ${write.branch}: nobody held it` +
          `${at === undefined ? " so far" : ` at ${at}`}. Next: ${
            hint(call, "anomaly models list")
          }, then anomaly promote --version <version>`,
      );
    }
    return {
      json: { model, alias, ...entry },
      text: facts([
        [alias, `${model} v${entry.version} (training run ${entry.runId})`],
        [
          "since",
          `${instant(entry.marketAt)} market time, ${instant(entry.recordedAt)} wall clock`,
        ],
        ["by", `${entry.actor}, ${entry.action}${entry.forced ? " by force" : ""}`],
        ["reason", entry.reason || "none given"],
        ["before", entry.previousVersion === null ? "nobody" : `v${entry.previousVersion}`],
      ]),
    };
  },
});
