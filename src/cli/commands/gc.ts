// gc: forget what the project's retention lets go, and free the bytes that nothing refers to.

import { z } from "zod";
import { count } from "../../cards/format.ts";
import { AppError } from "../../domain/errors.ts";
import type { Collected, GcReport } from "../../registry/gc.ts";
import { type App, type Call, defineCommand, hint, planCall } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { columns, UNDEFINED } from "../text.ts";
import { type BranchCall, localFile, openExisting, shownProgress } from "./store_care.ts";

const GRACE_HOURS = 24;

export const gc = defineCommand({
  name: "gc",
  group: "operate",
  summary: "Forget what retention lets go, and free its bytes.",
  description:
    "On all branches. Never what an alias, an alias's history, or a model or dataset that stays was made " +
    "of. Others may write meanwhile: what is stored again survives. The file keeps its size, and its " +
    "free pages are written to first; --compact makes it smaller.",
  params: z.strictObject({
    dry_run: z.boolean().default(false).describe("say what would go, and write nothing"),
    grace_hours: z.number().min(0).max(100_000).default(GRACE_HOURS)
      .describe("leave bytes alone that were stored or re-used within so many hours"),
    compact: z.boolean().default(false)
      .describe("then write the file anew without its free pages; needs room for a second one"),
    ...branchParams,
  }),
  examples: ["anomaly gc --dry_run", "anomaly gc", "anomaly gc --compact"],
  run: async (app, call) => {
    const { dry_run: dryRun, compact } = call.params;
    if (dryRun && compact) {
      throw new AppError(
        "invalid",
        "Cannot compact in a dry run: found --dry_run and --compact, expected one of them. Next: " +
          "anomaly gc --compact",
      );
    }
    const plan = await planCall(app, call);
    const path = await localFile(plan.kvPath);
    if (compact && path === null) {
      throw new AppError(
        "invalid",
        `Cannot compact the store ${
          plan.kvPath ?? "of the platform"
        }: expected a file. Next: anomaly gc`,
      );
    }
    const report = await collect(app, call);
    const compacted = compact ? await compactStore(path!) : null;
    const retention = plan.project.project.retention;
    const text = [
      gcText(call, report, Object.keys(retention).length === 0),
      ...(compacted === null ? [] : [
        `${path}: ${count(compacted.bytesBefore)} bytes before, ${
          count(compacted.bytesAfter)
        } now.`,
      ]),
    ];
    return { json: { ...report, compacted }, text: text.join("\n") };
  },
});

async function collect(
  app: App,
  call: BranchCall & Call<{ dry_run: boolean; grace_hours: number }>,
): Promise<GcReport> {
  const { dry_run: dryRun, grace_hours: graceHours } = call.params;
  using session = await openExisting(app, call, { write: !dryRun });
  const { registry, plan } = session;
  const { collectGarbage } = await import("../../registry/gc.ts");
  const { project, branch } = registry.scopes.write;
  return await collectGarbage(registry.store, {
    project,
    branch,
    retention: plan.project.project.retention,
    graceHours,
    dryRun,
    nowMs: registry.nowMs(),
    progress: shownProgress(app, call),
  });
}

async function compactStore(path: string) {
  const { compactFile } = await import("../../registry/store_file.ts");
  return await compactFile(path);
}

function gcText(
  call: BranchCall & Call<{ grace_hours: number }>,
  report: GcReport,
  isUnlimited: boolean,
): string {
  const { dryRun, kinds, waiting, kept } = report;
  const { grace_hours: hours } = call.params;
  const earnest = hours === GRACE_HOURS ? "anomaly gc" : `anomaly gc --grace_hours ${hours}`;
  const table = columns(
    ["kind", dryRun ? "would go" : "gone", "blobs", "bytes"],
    kinds.map((kind) => [
      kindText(kind),
      kind.kind === "unreferred" ? UNDEFINED : count(kind.records),
      count(kind.blobs),
      count(kind.bytes),
    ]),
  );
  const went = kinds.some(({ records, blobs }) => records + blobs > 0);
  return [
    table,
    ...(isUnlimited ? ["The project has no retention: records are kept for ever."] : []),
    ...(waiting.blobs > 0
      ? [`${count(waiting.blobs)} more blobs wait until their grace is over.`]
      : []),
    `${count(kept.blobs)} blobs (${count(kept.bytes)} bytes) stay.`,
    ...(dryRun ? [`Nothing was written. Next: ${hint(call, earnest)}`] : []),
    ...(went && !dryRun && !call.globals.quiet
      ? ["The file keeps its size; what is written next takes its free pages."]
      : []),
  ].join("\n");
}

function kindText({ kind }: Collected): string {
  return kind === "unreferred" ? "blobs of no record" : kind;
}
