// serve: the process that stays. Pages, API and live events over the store, and the schedules of the
// project, until it is told to stop.

import { z } from "zod";
import type { SourceIdentity } from "../../domain/market.ts";
import { AppError } from "../../domain/errors.ts";
import { readBranch } from "../../registry/context.ts";
import {
  type App,
  type Call,
  defineCommand,
  flagWords,
  openSession,
  planCall,
  type ServeOptions,
  type Session,
} from "../command.ts";
import { branchParams } from "../parameters.ts";

const MAX_SPEED = 1_000_000;

/** Of every command that serves. */
export const portParam = z.int().min(0).max(65_535).default(8001).describe(
  "port to listen on; 0 for any free one",
);

const params = z.strictObject({
  host: z.string().min(1).default("127.0.0.1").describe(
    "address to listen on; any but loopback needs ANOMALY_TOKEN, see anomaly token",
  ),
  port: portParam,
  no_schedules: z.boolean().default(false).describe(
    "do not run the schedules of project.json; several processes that do share them",
  ),
  speed: z.number().min(1).max(MAX_SPEED).default(1).describe(
    "run the clock, and so the schedules, so many times faster; not with coingecko",
  ),
  source: z.string().regex(/^(coingecko|simulated|replay:.+)$/).optional().meta({
    placeholder: "source",
    expected: "coingecko, simulated or replay:<folder>",
  }).describe("market of the runs that are begun here, as ANOMALY_SOURCE would name it"),
  ...branchParams,
});
type Params = z.output<typeof params>;

export const serve = defineCommand({
  name: "serve",
  group: "operate",
  summary: "Dashboard, API and schedules, until it is stopped.",
  description:
    "Open to this machine alone; any other address asks for the token in ANOMALY_TOKEN.\n\n" +
    "Runs the schedules of project.json: ingest and validate_outcomes each hour, build_dataset each " +
    "day, and what their events trigger; goes on with what a process that died left. With --speed 3600 an hour of a simulated or recorded market " +
    "goes by in a second.\n\n" +
    "SIGINT (Ctrl-C) and SIGTERM end it in order: the step that is going on may finish, for at most " +
    "5 s; the run goes on when somebody serves again.",
  params,
  examples: [
    "anomaly serve",
    "anomaly serve --source simulated --speed 3600",
    "anomaly serve --host 0.0.0.0 --port 9000 --no_schedules",
  ],
  run: async (app, call) => {
    const { host, port, no_schedules, speed, source } = call.params;
    refuseIdleClock(call.params);
    const server = await app.server(host);
    const plan = await planCall(app, call);
    const asked = source ?? (app.env("ANOMALY_SOURCE") || undefined);
    // A source that cannot work is wrong usage now, not a failed run at the next hour.
    if (asked !== undefined) await app.sourceExtent(asked);
    using session = await openSession(app, call, { write: true, plan });
    const { registry } = session;
    const bound = await readBranch(registry, registry.scopes.write);
    if (speed > 1) refuseRealMarket(bound?.source ?? null, asked);
    await server(session, {
      port,
      schedules: !no_schedules,
      speed,
      env: (name) => name === "ANOMALY_SOURCE" && source !== undefined ? source : app.env(name),
      quiet: call.globals.quiet,
      commandFlags: commandFlags(app, call, session),
    });
    return { json: { stopped: true }, text: "Stopped." };
  },
});

/** The flags that this process was started with, for its own branch; others are named. */
export function commandFlags(
  app: App,
  { globals, params }: Call<{ branch?: string | undefined; read_branch?: string | undefined }>,
  { plan }: Session,
): ServeOptions["commandFlags"] {
  const own = plan.scopes.scopes.write.branch;
  // A command without the flag finds the branch by the environment, which a visitor's may not share.
  const branch = params.branch ?? (app.env("ANOMALY_BRANCH") ? own : undefined);
  return ({ write }) =>
    write.branch === own
      ? flagWords({ kv: globals.kv, branch, read_branch: params.read_branch })
      : flagWords({ kv: globals.kv, branch: write.branch });
}

function refuseIdleClock({ speed, no_schedules }: Params): void {
  if (speed === 1 || !no_schedules) return;
  throw new AppError(
    "invalid",
    `Cannot serve with --speed ${speed} and --no_schedules: expected one of them, for the clock runs ` +
      `faster for the schedules' sake. See: anomaly serve --help`,
  );
}

/** Throws `invalid` where the market is the real one: its hours do not come faster for being asked. */
function refuseRealMarket(bound: SourceIdentity | null, asked: string | undefined): void {
  const kind = bound?.kind ?? asked ?? "coingecko";
  if (kind !== "coingecko") return;
  throw new AppError(
    "invalid",
    `Cannot serve with --speed: the market is coingecko${
      bound ? ", to which the branch is bound" : ""
    }` +
      `, expected simulated or replay:<folder>. Next: anomaly serve --source simulated --speed 3600` +
      (bound ? " --branch <another>" : ""),
  );
}
