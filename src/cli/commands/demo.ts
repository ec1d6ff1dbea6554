// demo: the whole story in the market's own time, on a store of its own.

import { z } from "zod";
import { toAppError } from "../../domain/errors.ts";
import { toJson } from "../../domain/json.ts";
import { HOUR_MS } from "../../domain/time.ts";
import type { RunnerContext } from "../../engine/flow.ts";
import {
  type App,
  type AppServer,
  type CommandResult,
  defineCommand,
  openSession,
  planCall,
  runnerOf,
  type Session,
  withStoreInHints,
} from "../command.ts";
import { DEMO_BRANCH, DEMO_KV, prepareStore, refuseUsedStore } from "./demo_store.ts";
import { type DemoCall, MAX_STORY_HOURS, Story } from "./demo_story.ts";
import { commandFlags, portParam } from "./serve.ts";

/** A week to learn from, and a day before it for its lags. */
const LEARN_HOURS = 192;
/** Of a recording too short for that, the share that is learned from. */
const LEARN_SHARE = 0.8;
const DEFAULT_HOURS = 240;

const params = z.strictObject({
  hours: z.int().min(40).max(MAX_STORY_HOURS).optional()
    .describe("length of the story (default: 240 simulated hours, or the whole recording)"),
  num_coins: z.int().min(10).max(250).default(100).describe("coins of the simulated market"),
  seed: z.int().min(0).max(4_294_967_295).optional()
    .describe("of the simulated market (env ANOMALY_SEED, default 42)"),
  source: z.string().regex(/^(simulated|replay:.+)$/).default("simulated")
    .meta({ placeholder: "source", expected: "simulated or replay:<folder>" })
    .describe("simulated, or replay:<folder>"),
  fresh: z.boolean().default(false).describe("delete the store of an earlier demo first"),
  serve: z.boolean().default(false).describe("then serve its dashboard on loopback, until stopped"),
  port: portParam,
});
type DemoParams = z.output<typeof params>;

export const demo = defineCommand({
  name: "demo",
  group: "operate",
  summary: "The whole story at once, offline, hour by hour.",
  description:
    `Uses a store of its own, ${DEMO_KV}, and promotes by itself what passes every gate. A second run ` +
    `needs --fresh or another --kv.`,
  params,
  examples: ["anomaly demo", "anomaly demo --fresh --seed 7", "anomaly demo --serve"],
  run: async (app, given) => {
    const started = app.nowMs();
    const { params } = given;
    // Everything below, hints included, speaks of the demo's own store and branch.
    const call = {
      ...given,
      globals: { ...given.globals, kv: given.globals.kv ?? DEMO_KV },
      params: { ...params, branch: DEMO_BRANCH, read_branch: undefined },
    };
    const server = params.serve ? await app.server("127.0.0.1") : null;
    const extent = await app.sourceExtent(params.source);
    const plan = await planCall(app, call);
    if (params.fresh) await prepareStore(app, call, plan);
    using session = await openSession(app, call, { write: true, plan });
    await refuseUsedStore(session, call);
    const runner: RunnerContext = {
      ...runnerOf(app, session, true),
      // The story follows its events itself, where it is told to.
      registry: { ...session.registry, listenersOf: () => [] },
      configs: { ...plan.configs, auto_promote: true },
      env: (name) =>
        name === "ANOMALY_SEED" && params.seed !== undefined ? String(params.seed) : app.env(name),
    };
    const total = storyHours(params, extent);
    const story = new Story(app, runner, call);
    try {
      await story.learn(Math.min(LEARN_HOURS, Math.floor(LEARN_SHARE * total)), total);
      await story.goOn(total);
      const result = await story.end(started);
      if (server === null) return result;
      return await serveStory(app, { call, session, server, result, env: runner.env });
    } catch (cause) {
      throw withStoreInHints(toAppError(cause), call);
    }
  },
});

/** Tells what the story came to, then serves its store until the process is stopped. */
async function serveStory(
  app: App,
  { call, session, server, result, env }: {
    call: DemoCall;
    session: Session;
    server: AppServer;
    result: CommandResult;
    env: App["env"];
  },
): Promise<CommandResult> {
  if (call.globals.json) app.emit(JSON.stringify(toJson(result.json), null, 2));
  else app.say(result.text);
  await server(session, {
    port: call.params.port,
    // The story is told; the next hour is the visitor's to ask for.
    schedules: false,
    speed: 1,
    env: (name) => name === "ANOMALY_SOURCE" ? call.params.source : env(name),
    quiet: call.globals.quiet,
    commandFlags: commandFlags(app, call, session),
  });
  return { json: undefined, text: call.globals.json ? "" : "Stopped." };
}

function storyHours(
  params: DemoParams,
  extent: { firstMs: number; lastMs: number } | null,
): number {
  const recorded = extent && Math.floor((extent.lastMs - extent.firstMs) / HOUR_MS) + 1;
  if (recorded === null) return params.hours ?? DEFAULT_HOURS;
  return Math.min(recorded, params.hours ?? recorded);
}
