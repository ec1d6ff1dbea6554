// verify: is everything in the store what it says it is, and is all there that something refers to.

import { z } from "zod";
import { count } from "../../cards/format.ts";
import { ASSET } from "../../domain/asset.ts";
import { AppError } from "../../domain/errors.ts";
import { resolveVersion } from "../../registry/assets.ts";
import { type Finding, REPAIR } from "../../registry/findings.ts";
import type { VerifyReport } from "../../registry/verify.ts";
import type { LineageReport, LineageStep } from "../../registry/verify_lineage.ts";
import {
  type App,
  type Call,
  type CommandResult,
  defineCommand,
  flagWords,
  hint,
  planCall,
  type Session,
} from "../command.ts";
import { branchParams } from "../parameters.ts";
import { columns } from "../text.ts";
import { localFile, openExisting, shownProgress } from "./store_care.ts";

export const verify = defineCommand({
  name: "verify",
  group: "operate",
  summary: "Check every hash, reference and index of the store.",
  description:
    "All branches and projects, the database file, every blob; others may write meanwhile. What is " +
    "found is named, with what was expected and what to do. Exit code 1 when something is wrong.\n\n" +
    "--repair mends what follows from records: index entries and counters. --lineage walks from a model " +
    "to its dataset, its snapshots and the market's raw answers, and hashes every file on the way.",
  params: z.strictObject({
    repair: z.boolean().default(false).describe("mend index entries, each in one transaction"),
    lineage: z.string().min(1).optional().meta({ placeholder: "ref" })
      .describe("prove one model alone: champion, v7, latest, run:12"),
    ...branchParams,
  }),
  examples: ["anomaly verify", "anomaly verify --repair", "anomaly verify --lineage champion"],
  run: async (app, call) => {
    const { repair, lineage } = call.params;
    if (repair && lineage !== undefined) {
      throw new AppError(
        "invalid",
        "Cannot repair a lineage: found --repair and --lineage, expected one of them. Next: anomaly " +
          "verify --repair",
      );
    }
    const damaged = await checkFile(app, call);
    if (damaged !== null) return damaged;
    using session = await openExisting(app, call, { write: repair });
    if (lineage !== undefined) return await proveLineage(app, call, session, lineage);
    const { verifyStore } = await import("../../registry/verify.ts");
    const progress = shownProgress(app, call);
    const report = await verifyStore(session.registry.store, { repair, progress });
    return {
      json: report,
      text: reportText(call, report),
      exitCode: report.wrong > report.mended ? 1 : 0,
    };
  },
});

/** The file first: where its pages are damaged, nothing that is read from it can be relied on. */
async function checkFile(app: App, call: Call<object>): Promise<CommandResult | null> {
  const path = await localFile((await planCall(app, call)).kvPath);
  if (path === null) return null;
  const { verifyFile } = await import("../../registry/store_file.ts");
  const findings = await verifyFile(path);
  if (findings.length === 0) return null;
  const { addFinding, emptyReport } = await import("../../registry/verify.ts");
  const report = emptyReport();
  for (const finding of findings) addFinding(report, finding);
  return { json: report, text: reportText(call, report), exitCode: 1 };
}

function reportText(call: Call<object>, report: VerifyReport): string {
  const lines = report.findings.map((finding) => findingText(call, finding));
  const { records, branches, blobs, blobBytes, wrong, mended, leftOverBlobs } = report;
  const unlisted = wrong - report.findings.length;
  if (unlisted > 0) lines.push(`and ${count(unlisted)} more like these`);
  const isRead = records + blobs > 0;
  if (isRead) {
    lines.push(
      `Looked at ${count(records)} records of ${
        branches === 1 ? "1 branch" : `${count(branches)} branches`
      } and ${count(blobs)} blobs ` +
        `(${count(blobBytes)} bytes).`,
    );
  }
  if (leftOverBlobs > 0) {
    const next = hint(call, "anomaly gc");
    lines.push(
      `${count(leftOverBlobs)} blobs are being written, or were when a process died: no damage; ` +
        `${next} takes them.`,
    );
  }
  lines.push(verdict(wrong, mended));
  return lines.join("\n");
}

function verdict(wrong: number, mended: number): string {
  if (wrong === 0) return "Nothing is wrong.";
  const found = wrong === 1 ? "1 thing is wrong" : `${count(wrong)} things are wrong`;
  return mended === 0 ? `${found}.` : `${found}, ${count(mended)} of them mended.`;
}

function findingText(call: Call<object>, finding: Finding): string {
  const { kind, project, branch, at, found, expected, next, mended } = finding;
  const where = branch === null ? at : `${at} of ${project}/${branch}`;
  const what = `${
    mended === null ? "✕" : "✓"
  } ${kind} ${where}: found ${found}; expected ${expected}.`;
  const act = mended === null ? `Next: ${withFlags(call, next)}` : `It was ${mended}.`;
  return `${what}\n  ${act}`;
}

/** A backup is of the whole store, and takes no branch. */
function withFlags(call: Call<object>, next: string): string {
  const kv = flagWords({ kv: call.globals.kv });
  return next === REPAIR ? hint(call, next) : next + kv;
}

async function proveLineage(
  app: App,
  call: Call<{ branch?: string | undefined }>,
  { registry, plan }: Session,
  ref: string,
): Promise<CommandResult> {
  const scope = registry.scopes.write;
  const version = await resolveVersion(registry, scope, "model", ASSET.detector, ref);
  const { verifyLineage } = await import("../../registry/verify_lineage.ts");
  const { project } = plan.scopes.scopes.write;
  const report = await verifyLineage(registry.store, project, version, (done, total) => {
    if (!call.globals.quiet) app.progress("members", done, total);
  });
  const wrong = report.findings.length;
  return {
    json: { ...report, wrong },
    text: lineageText(call, report),
    exitCode: wrong > 0 ? 1 : 0,
  };
}

function lineageText(call: Call<object>, { steps, findings }: LineageReport): string {
  const rows = steps.map((step) => [
    step.role,
    versionsText(step),
    step.ref.branch,
    count(step.versions),
    count(step.files),
    count(step.bytes),
  ]);
  const raw = steps.reduce((sum, step) => sum + step.rawFiles, 0);
  return [
    columns(["as", "version", "branch", "versions", "files hashed", "bytes"], rows),
    ...findings.map((finding) => findingText(call, finding)),
    findings.length === 0
      ? `Every file is what it was, back to ${count(raw)} raw answers of the market.`
      : verdict(findings.length, 0),
  ].join("\n");
}

function versionsText({ ref, firstVersion }: LineageStep): string {
  const range = firstVersion === ref.version ? "" : `v${firstVersion} to `;
  return `${ref.name} ${range}v${ref.version}`;
}
