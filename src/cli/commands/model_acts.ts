// models rollback|revoke|export|import: what changes or leaves the registry, or comes into it.

import { z } from "zod";
import { ASSET } from "../../domain/asset.ts";
import { checkAliasName } from "../../domain/names.ts";
import { CHAMPION, stageRevocation, stageRollback } from "../../registry/aliases.ts";
import { readFile } from "../../registry/assets.ts";
import { type Command, defineCommand, hint, openSession } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { exportParams, exportTarget, importModel, writeArchive } from "./archive.ts";
import { writeExport } from "./export.ts";
import { refPositional, resolveModel } from "./model_ref.ts";

const model = ASSET.detector;

/** Kept with the record for good, and shown in tables. */
const reasonParam = z.string().min(1).max(1000);

const rollback = defineCommand({
  name: "models rollback",
  group: "operate",
  summary: "Return an alias to the holder before the present one.",
  params: z.strictObject({
    alias: z.string().default(CHAMPION).describe("alias to roll back"),
    reason: reasonParam.describe("why, for the history"),
    ...branchParams,
  }),
  examples: ["anomaly models rollback --reason 'flags every stablecoin'"],
  run: async (app, call) => {
    const alias = checkAliasName(call.params.alias);
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const { entry } = await registry.store.commit(
      registry.scopes.write,
      (tx) => stageRollback(registry, tx, { model, alias, reason: call.params.reason }),
    );
    const text = `${alias} is ${model} v${entry.version} again (was v${entry.previousVersion}).\n` +
      `Next: ${hint(call, "anomaly models history")}`;
    return { json: { model, alias, ...entry }, text };
  },
});

const revoke = defineCommand({
  name: "models revoke",
  group: "operate",
  summary: "Forbid a version for good.",
  positionals: [refPositional],
  params: z.strictObject({
    reason: reasonParam.describe("why, for the record"),
    rollback: z.boolean().default(false)
      .describe("also return its aliases to the holders before, in the same commit"),
    ...branchParams,
  }),
  examples: ["anomaly models revoke 7 --reason 'trained on bad data'"],
  run: async (app, call) => {
    using session = await openSession(app, call, { write: false });
    const { registry, version } = await resolveModel(session.registry, call);
    const { reason, rollback } = call.params;
    const done = await registry.store.commit(
      registry.scopes.write,
      (tx) => stageRevocation(registry, tx, { model, version: version.version, reason, rollback }),
    );
    const back = done.rolledBack.map((entry) => ` The alias returned to v${entry.version}.`).join(
      "",
    );
    return { json: done, text: `${model} v${version.version} is revoked.${back}` };
  },
});

const exportModel = defineCommand({
  name: "models export",
  group: "operate",
  summary: "Write a model to a file, or an archive with its lineage.",
  positionals: [refPositional],
  params: z.strictObject({ ...exportParams("safetensors file"), ...branchParams }),
  examples: [
    "anomaly models export champion --out champion.safetensors",
    "anomaly models export champion --archive champion.tar",
  ],
  run: async (app, call) => {
    const { path, isArchive } = exportTarget("models export", call.params);
    using session = await openSession(app, call, { write: false });
    const { registry, version } = await resolveModel(session.registry, call);
    if (isArchive) return await writeArchive(app, session, version, path);
    const bytes = await readFile(registry, version, "model");
    return await writeExport(path, bytes, `${model} v${version.version}`);
  },
});

export const modelActs: Command[] = [rollback, revoke, exportModel, importModel];
