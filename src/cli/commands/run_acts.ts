// runs resume|tag|untag: what goes on with a run, or changes what it is called.

import { z } from "zod";
import { checkTagName, checkUserTag } from "../../domain/names.ts";
import { resumeRun } from "../../engine/resume.ts";
import { changeRunTag } from "../../registry/run_tags.ts";
import { listTags } from "../../registry/runs.ts";
import { type App, type Call, type Command, defineCommand, hint, openSession } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { runHere } from "./run_here.ts";
import { findRun, runPositional } from "./run_ref.ts";

const tagPositional = { name: "tag", description: "a tag", required: true };

const resume = defineCommand({
  name: "runs resume",
  group: "operate",
  summary: "Go on with a run that did not come to its end.",
  description:
    "A new run takes over what the other one finished, with its parameters, configs and " +
    "tags, and does the rest. For a run that failed, that was interrupted, or whose process is " +
    "gone. A run is resumed once.",
  positionals: [runPositional],
  params: z.strictObject({
    follow: z.boolean().default(false).describe("also run the flows that its events trigger"),
    ...branchParams,
  }),
  examples: ["anomaly runs resume 12", "anomaly runs resume TrainDetectorFlow/12 --follow"],
  run: async (app, call) => {
    // To look for the run makes no store: where none is, there is nothing to go on with.
    using session = await openSession(app, call, { write: false });
    const { registry } = session;
    const old = await findRun(registry, call);
    const tags = (await listTags(registry, registry.scopes.write, old.id))
      .filter(({ record }) => !record.system).map(({ tag }) => tag);
    return await runHere(app, call, session, {
      title: `${old.flow}, going on with run ${old.id},`,
      begin: (runner, onStarted) => resumeRun(runner, app.flows, old.id, { onStarted }),
      follow: call.params.follow ? { params: old.params, tags } : null,
    });
  },
});

const tag = defineCommand({
  name: "runs tag",
  group: "operate",
  summary: "Tag a run. Names of aliases are reserved.",
  positionals: [runPositional, tagPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly runs tag 12 baseline"],
  run: (app, call) => changeTag(app, call, "add"),
});

const untag = defineCommand({
  name: "runs untag",
  group: "operate",
  summary: "Remove a tag from a run. System tags stay.",
  positionals: [runPositional, tagPositional],
  params: z.strictObject({ ...branchParams }),
  examples: ["anomaly runs untag 12 baseline"],
  run: (app, call) => changeTag(app, call, "remove"),
});

export const runActs: Command[] = [resume, tag, untag];

async function changeTag(app: App, call: Call<Record<string, unknown>>, change: "add" | "remove") {
  const name = (change === "add" ? checkUserTag : checkTagName)(call.positionals[1]!);
  using session = await openSession(app, call, { write: false });
  const { registry } = session;
  const run = await findRun(registry, call);
  const see = hint(call, `anomaly runs show ${run.id}`);
  await changeRunTag(registry, run, { tag: name, change, see });
  const done = change === "add" ? `now has tag "${name}"` : `no longer has tag "${name}"`;
  return { json: { run_id: run.id, tag: name, change }, text: `Run ${run.id} ${done}.` };
}
