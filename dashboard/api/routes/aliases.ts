// Aliases: who holds them, who held them, and returning one to the holder before.

import { z } from "@hono/zod-openapi";
import { type AliasEntry, ASSET } from "../../../src/domain/asset.ts";
import { AppError } from "../../../src/domain/errors.ts";
import { checkAliasName } from "../../../src/domain/names.ts";
import { iso } from "../../../src/domain/time.ts";
import { aliasHistory, aliasHolderAt } from "../../../src/registry/alias_history.ts";
import { CHAMPION, listAliases } from "../../../src/registry/aliases.ts";
import { rollBack, rollbackSchema } from "../../acts/model_acts.ts";
import { defineOperation, type Operation } from "../operation.ts";
import { aliasEntrySchema, aliasSchema, holderSchema } from "../schemas/models.ts";
import { listParams, page, pageOf } from "../schemas/shapes.ts";
import { timeParam } from "../schemas/times.ts";

const model = ASSET.detector;
const aliasName = z.string().min(1).max(64);
const aliasParams = z.strictObject({ alias: aliasName.describe("an alias: champion, staging") });

const list = defineOperation({
  method: "get",
  path: "/aliases",
  group: "aliases",
  summary: "Aliases and their present holders",
  answer: z.strictObject({ items: z.array(aliasSchema) }),
  answers: "Aliases, at most 100",
  example: { path: "/aliases" },
  handle: async ({ view: { registry } }) => ({
    items: await listAliases(registry, registry.scopes.write, model),
  }),
});

const history = defineOperation({
  method: "get",
  path: "/aliases/{alias}/history",
  group: "aliases",
  summary: "Every holder that an alias ever had, and why",
  params: aliasParams,
  query: z.strictObject(listParams),
  answer: pageOf(aliasEntrySchema, "changes, newest first"),
  answers: "Changes of the holder",
  example: { path: "/aliases/champion/history" },
  handle: async ({ view: { registry }, params, query: { limit, before } }) => {
    const alias = checkAliasName(params.alias);
    const { write } = registry.scopes;
    const entries = await aliasHistory(registry, write, model, alias, limit + 1, before);
    return page(entries, limit, ({ seq }: AliasEntry) => seq);
  },
});

const champion = defineOperation({
  method: "get",
  path: "/champion",
  group: "aliases",
  summary: "Who is champion, now or at a market time",
  query: z.strictObject({
    at: timeParam.optional().describe("market time, ISO 8601, UTC unless it says; default: now"),
    alias: aliasName.default(CHAMPION).describe("alias to look up"),
  }),
  answer: holderSchema,
  answers: "The change that made it so",
  example: { path: "/champion" },
  handle: async ({ view, query }) => {
    const { registry } = view;
    const { write } = registry.scopes;
    const alias = checkAliasName(query.alias);
    const entry = query.at === undefined
      ? (await aliasHistory(registry, write, model, alias, 1))[0] ?? null
      : await aliasHolderAt(registry, write, model, alias, query.at);
    if (entry) return { model, alias, ...entry };
    throw new AppError(
      "not_found",
      `Cannot name the ${alias} of branch ${write.branch}: nobody held it` +
        `${query.at === undefined ? " so far" : ` at ${iso(query.at)}`}. Next: ` +
        `${view.command("models list")}, then ${view.command("promote --version <version>")}`,
      { details: { alias, branch: write.branch } },
    );
  },
});

const rollback = defineOperation({
  method: "post",
  path: "/aliases/{alias}/rollback",
  group: "aliases",
  summary: "Return an alias to the holder before the present one",
  description: "Steps over revoked versions; done again it goes one further back.",
  params: aliasParams,
  body: rollbackSchema,
  answer: holderSchema,
  answers: "The holder now",
  example: { path: "/aliases/champion/rollback", body: { reason: "flags every stablecoin" } },
  handle: async ({ view, params, body }) => ({
    model,
    alias: params.alias,
    ...await rollBack(view, params.alias, body),
  }),
});

export const aliasOperations: Operation[] = [champion, list, history, rollback];
