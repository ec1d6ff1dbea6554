// doctor: what could be wrong here, each looked at and said.

import { z } from "zod";
import { ASSET } from "../../domain/asset.ts";
import { toAppError } from "../../domain/errors.ts";
import { durabilityOf } from "../../engine/durability.ts";
import { iso } from "../../domain/time.ts";
import { aliasHolder, CHAMPION } from "../../registry/aliases.ts";
import { getVersion, readFile } from "../../registry/assets.ts";
import { readBranch, type RegistryContext, sourceName } from "../../registry/context.ts";
import { type App, type Call, defineCommand, hint, openSession, planCall } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { instant, oneLine } from "../text.ts";
import { eventsCheck, type OpenCheck, runsCheck, schedulesCheck } from "./doctor_open.ts";
import { storeText } from "./status.ts";

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
    const { registry, plan } = session;
    const { project } = plan.project;
    const open: OpenCheck = {
      registry,
      schedules: project.schedules,
      leaseNowMs: durabilityOf(project).holder.nowMs(),
      hint: (command) => hint(call, command),
    };
    return [
      { name: "store", ok: true, found: storeText(registry.store) },
      await attempt("market", () => marketCheck(registry)),
      await attempt("runs", () => runsCheck(open)),
      await attempt("events", () => eventsCheck(open)),
      await attempt("schedules", () => schedulesCheck(open)),
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
