// Serving from a machine of one's own: a store that is open, an address, the schedules on the platform's
// cron or on a fast clock, and an end in order. Wiring, as main.ts.

import type { Access } from "./dashboard/auth.ts";
import { FastClock, platformCron } from "./flows/crons.ts";
import { flows } from "./flows/mod.ts";
import { catchUp, registerSchedules, type ScheduleOptions } from "./flows/schedules.ts";
import { notify, tend } from "./flows/tending.ts";
import {
  createQueue,
  createService,
  endInOrder,
  runnerOn,
  senderOn,
  type ServiceOptions,
} from "./serving.ts";
import { type ServeOptions, type Session, withFlagsInHints } from "./src/cli/command.ts";
import { nextSlot } from "./src/domain/cron.ts";
import { AppError, toAppError } from "./src/domain/errors.ts";
import { writeScope } from "./src/domain/scope.ts";
import { iso, utc } from "./src/domain/time.ts";
import { aborted } from "./src/engine/time_limit.ts";
import { listRuns } from "./src/registry/runs.ts";

export interface HereOptions extends ServeOptions {
  host: string;
  access: Access;
  signal: AbortSignal;
  say(line: string): void;
}

/** Serves until the signal; resolves when everything has ended, at most 5 s after it. */
export async function serve(session: Session, options: HereOptions): Promise<void> {
  const { plan, registry } = session;
  const { signal, say, quiet, access } = options;
  const cut = new AbortController();
  const { scopes, environment } = plan.scopes;
  const hinted = (message: string, branch: string) => {
    const write = writeScope(scopes.write.project, branch);
    return withFlagsInHints(message, options.commandFlags({ ...scopes, write }));
  };
  const queue = createQueue({ say, quiet, hinted });
  const clock = options.speed === 1 ? null : await fastClock(session, options.speed);
  const nowMs = clock === null ? registry.nowMs : () => clock.nowMs();
  const own = { scopes, environment, configs: plan.configs };
  const service: ServiceOptions = {
    project: plan.project,
    own,
    registry: { store: registry.store, actor: registry.actor, nowMs },
    env: options.env,
    access,
    queue,
    runsSchedules: options.schedules,
    commandFlags: (setup) => options.commandFlags(setup.scopes),
    stopping: signal,
    cut: cut.signal,
  };
  const server = listen(options, createService(service).fetch);
  const { schedules } = plan.project.project;
  const runner = runnerOn(service, own, registry.actor);
  tend({ queue, runner, signal });
  const sender = senderOn(runner, plan.project, say);
  const notifying = notify({ sender, runner, signal, say });
  if (options.schedules && !quiet) say(describeSchedules(schedules, scopes.write.branch, nowMs()));
  const timetable = {
    schedules: options.schedules ? schedules : {},
    flows,
    queue,
    runner: () => Promise.resolve(runner),
    stopping: signal,
    say,
  };
  const slots = runSchedules(timetable, clock);
  await aborted(signal);
  await endInOrder({ server, queue, schedules: slots, notifying, cut }, signal.reason);
}

/** What was missed first, then slot by slot. Resolves at the signal, or when a fast clock has stopped. */
async function runSchedules(options: ScheduleOptions, clock: FastClock | null): Promise<void> {
  const { say, stopping } = options;
  await catchUp(options).catch((error) => say(`cannot catch up: ${toAppError(error).message}`));
  registerSchedules(clock ?? platformCron({ signal: stopping }), options);
  await clock?.run(stopping);
}

/** A clock that goes on from now, or from where an earlier one had come to on this branch. */
async function fastClock({ registry }: Session, speed: number): Promise<FastClock> {
  const [last] = await listRuns(registry, registry.scopes.write, { limit: 1 });
  const lastMs = last ? Date.parse(last.finishedAt ?? last.startedAt) : 0;
  return new FastClock({ speed, startMs: Math.max(registry.nowMs(), lastMs) });
}

function listen(
  { host, port, say }: HereOptions,
  fetch: (request: Request) => Promise<Response>,
): Deno.HttpServer {
  const onListen = (at: Deno.NetAddr) => {
    const name = at.hostname.includes(":") ? `[${at.hostname}]` : at.hostname;
    say(`serving http://${name}:${at.port}`);
  };
  try {
    return Deno.serve({ hostname: host, port, onListen }, (request) => fetch(request));
  } catch (cause) {
    const found = cause instanceof Deno.errors.AddrInUse
      ? "the port is in use. Next: choose another with --port"
      : `${
        cause instanceof Error ? cause.message : String(cause)
      }. Expected an address of this machine. ` +
        `Next: choose another with --host`;
    throw new AppError("unavailable", `Cannot serve on ${host}:${port}: ${found}`, { cause });
  }
}

/** "schedules on branch main: ingest at 2026-01-05 11:00 UTC, …": each with its next slot. */
function describeSchedules(
  schedules: Readonly<Record<string, string | undefined>>,
  branch: string,
  nowMs: number,
): string {
  const due = Object.entries(schedules).map(([flow, expression]) => {
    const slotMs = expression === undefined ? null : nextSlot(expression, nowMs);
    return slotMs === null ? `${flow} never` : `${flow} at ${utc(iso(slotMs))}`;
  });
  return `schedules on branch ${branch}: ${due.length === 0 ? "none" : due.join(", ")}`;
}
