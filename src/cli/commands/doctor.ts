// doctor: what could be wrong here, each looked at and said.

import { z } from "zod";
import { ASSET } from "../../domain/asset.ts";
import { toAppError } from "../../domain/errors.ts";
import { HOUR_MS, iso } from "../../domain/time.ts";
import { aliasHolder, CHAMPION } from "../../registry/aliases.ts";
import { getVersion, readFile } from "../../registry/assets.ts";
import { readBranch, type RegistryContext, sourceName } from "../../registry/context.ts";
import { listRuns } from "../../registry/runs.ts";
import { type App, type Call, defineCommand, hint, openSession, planCall } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { instant, oneLine } from "../text.ts";
import { storeText } from "./status.ts";

/** A run that is "running" for longer than this has most likely been killed. */
const STUCK_MS = HOUR_MS;

interface Check {
  name: string;
  ok: boolean;
  found: string;
}

export const doctor = defineCommand({
  name: "doctor",
  group: "operate",
  summary: "Look for what could be wrong here.",
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly doctor"],
  run: async (app, call) => {
    const checks: Check[] = [{
      name: "program",
      ok: true,
      found: `anomaly ${app.codeVersion}, Deno ${Deno.version.deno}`,
    }];
    const config = await attempt("configs", async () => {
      const plan = await planCall(app, call);
      return `valid; branch ${plan.scopes.scopes.write.branch} (${plan.scopes.environment})`;
    });
    checks.push(config);
    if (config.ok) checks.push(...await checkStore(app, call));
    const failed = checks.filter((check) => !check.ok).length;
    const text = checks.map((check) =>
      `${check.ok ? "✓" : "✕"} ${check.name}: ${oneLine(check.found)}`
    );
    text.push(failed === 0 ? "Nothing is wrong." : `${failed} of ${checks.length} checks failed.`);
    return { json: { checks, failed }, text: text.join("\n"), exitCode: failed === 0 ? 0 : 1 };
  },
});

async function attempt(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, found: await look() };
  } catch (error) {
    return { name, ok: false, found: toAppError(error).message };
  }
}

async function checkStore(app: App, call: Call<Record<string, unknown>>): Promise<Check[]> {
  try {
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    return [
      { name: "store", ok: true, found: storeText(registry.store) },
      await attempt("market", () => marketCheck(registry)),
      await attempt("runs", () => runsCheck(registry, call)),
      await attempt("champion", () => championCheck(registry, call)),
    ];
  } catch (error) {
    return [{ name: "store", ok: false, found: toAppError(error).message }];
  }
}

async function marketCheck(registry: RegistryContext): Promise<string> {
  const record = await readBranch(registry, registry.scopes.write);
  if (record === null) return "no data on this branch yet";
  const at = instant(iso(record.marketAtMs));
  return `bound to ${sourceName(record.source)}, newest data of ${at}`;
}

async function runsCheck(registry: RegistryContext, call: Call<object>): Promise<string> {
  const runs = await listRuns(registry, registry.scopes.write, { limit: 50 });
  const stuck = runs.filter((run) =>
    run.status === "running" && registry.nowMs() - Date.parse(run.startedAt) > STUCK_MS
  );
  if (stuck.length > 0) {
    const ids = stuck.map((run) => run.id).join(", ");
    throw new Error(
      `run ${ids} started over an hour ago and did not finish; it was most likely killed`,
    );
  }
  const last = runs[0];
  if (last?.status === "failed") {
    throw new Error(
      `the last run failed: ${last.error?.message}. See: ${
        hint(call, `anomaly runs show ${last.id}`)
      }`,
    );
  }
  return last ? `last run ${last.id} (${last.flow}) ${last.status}` : "none yet";
}

async function championCheck(registry: RegistryContext, call: Call<object>): Promise<string> {
  const scope = registry.scopes.write;
  const holder = await aliasHolder(registry.store, scope, ASSET.detector, CHAMPION);
  if (holder === null) return `none yet. Next: ${hint(call, "anomaly status")}`;
  const version = await getVersion(registry, scope, "model", ASSET.detector, holder.version);
  if (version === null) {
    throw new Error(`v${holder.version} is champion, but there is no such version`);
  }
  const bytes = await readFile(registry, version, "model");
  return `v${holder.version}, its file of ${bytes.byteLength} bytes is whole`;
}
