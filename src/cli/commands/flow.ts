// Every flow as a command: what is checked before it runs, and its dry run.

import { z } from "zod";
import type { JsonObject } from "../../domain/asset.ts";
import { checkUserTag } from "../../domain/names.ts";
import type { Flow } from "../../engine/flow.ts";
import { runFlow } from "../../engine/runner.ts";
import {
  type App,
  type Call,
  type Command,
  type CommandResult,
  openSession,
  planCall,
} from "../command.ts";
import { flowParams } from "../parameters.ts";
import { oneLine } from "../text.ts";
import { runHere } from "./run_here.ts";

/** What every flow's command line has besides the flow's own parameters. */
const runParams = z.strictObject(flowParams);
type RunParams = z.output<typeof runParams>;

export function flowCommand(flow: Flow): Command {
  const produces = `Consumes ${flow.consumes}; produces ${flow.produces}; publishes ` +
    `${flow.publishes.join(", ")}.`;
  return {
    name: flow.name,
    originalName: flow.originalName,
    group: "flows",
    summary: flow.summary,
    description: [flow.description, produces].filter((text) => text !== undefined).join("\n\n"),
    params: flow.params.extend(flowParams),
    examples: flow.examples,
    run: (app, call) => runCommand(app, call as Call<RunParams & JsonObject>, flow),
  };
}

async function runCommand(
  app: App,
  call: Call<RunParams & JsonObject>,
  flow: Flow,
): Promise<CommandResult> {
  const { branch: _branch, read_branch: _read, tag: tags, follow, ...params } = call.params;
  const plan = await planCall(app, call);
  for (const tag of tags) checkUserTag(tag);
  await flow.check?.(params as never, app.env);
  if (flow.lookUp) {
    using looking = await openSession(app, call, { write: false, plan });
    await flow.lookUp(looking.registry, params as never, plan.configs);
  }
  using session = await openSession(app, call, { write: !isDryRun(flow, params), plan });
  if (flow.dryRun && isDryRun(flow, params)) {
    const answer = await flow.dryRun(session.registry, params);
    return { json: answer, text: describeDryRun(flow, answer), exitCode: answer.allowed ? 0 : 3 };
  }
  return await runHere(app, call, session, {
    title: flow.name,
    begin: (runner, onStarted) =>
      runFlow(runner, flow, { params, tags, triggeredBy: null, onStarted }),
    follow: follow ? { params: params as JsonObject, tags } : null,
  });
}

function isDryRun(flow: Flow, params: JsonObject): boolean {
  return flow.dryRun !== undefined && params.dry_run === true;
}

function describeDryRun(flow: Flow, answer: JsonObject & { allowed: boolean }): string {
  const blockers = answer.blockers as { message: string }[];
  const verdict = answer.allowed ? "would go through" : "would be refused";
  return [
    `${flow.name} of v${answer.version} to ${answer.alias} ${verdict} (dry run, nothing written)`,
    `  replaces: ${answer.replaces === null ? "nobody" : `v${answer.replaces}`}`,
    ...blockers.map((blocker) => `  in the way: ${oneLine(blocker.message)}`),
  ].join("\n");
}
