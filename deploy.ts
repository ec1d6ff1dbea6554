// The entry on Deno Deploy: what `anomaly serve` is on a machine of one's own. Crons stand at the top
// level, where the platform looks for them, and everything that takes time is opened when a slot or a
// request first needs it. No disk, no queues, no workers. From account to dashboard: docs/deploy.md.

import "./runtime_check.ts";
import type { BranchSetup } from "./dashboard/context.ts";
import { platformCron } from "./flows/crons.ts";
import { flows } from "./flows/mod.ts";
import { registerSchedules } from "./flows/schedules.ts";
import { notify, tend } from "./flows/tending.ts";
import {
  accessOn,
  createQueue,
  createService,
  endInOrder,
  runnerOn,
  senderOn,
  type ServiceOptions,
  setupOf,
} from "./serving.ts";
import { builtInProject, resolveKvPath } from "./src/config/mod.ts";
import { AppError, toAppError } from "./src/domain/errors.ts";
import type { RunnerContext } from "./src/engine/flow.ts";
import { Store } from "./src/store/kv.ts";
import { migrateStore } from "./src/store/migrate.ts";

const encoder = new TextEncoder();
const say = (line: string) => void Deno.stderr.writeSync(encoder.encode(`${line}\n`));
const env = (name: string) => Deno.env.get(name);

const stopping = new AbortController();
const cut = new AbortController();
const project = builtInProject();
const queue = createQueue({ say, quiet: false, hinted: (message) => message });

type Opened = Omit<ServiceOptions, "access"> & { runner: RunnerContext };
let opened: Promise<Opened> | null = null;
let notifying = Promise.resolve();

/** The store and the branch of this timeline; opened once, and again where that failed. */
function open(): Promise<Opened> {
  opened ??= openTimeline().catch((error) => {
    opened = null;
    throw error;
  });
  return opened;
}

async function openTimeline(): Promise<Opened> {
  const own = await setupOf(project, undefined, env);
  const store = await Store.open(resolveKvPath({ env }));
  // There is no file to copy first; see docs/deploy.md.
  store.migrateBeforeWriting(() => migrateStore(store, { backUp: null, say }));
  const timeline = {
    project,
    own,
    registry: { store, actor: "deploy", nowMs: Date.now },
    env,
    queue,
    runsSchedules: true,
    // What leads a machine to this database is its own to know; see docs/deploy.md.
    commandFlags: ({ scopes }: BranchSetup) => ` --branch ${scopes.write.branch}`,
    stopping: stopping.signal,
    cut: cut.signal,
  };
  const runner = runnerOn(timeline, own, timeline.registry.actor);
  // As long as this instance lives; the next slot looks after what it leaves.
  tend({ queue, runner, signal: stopping.signal });
  const sender = senderOn(runner, project, say);
  notifying = notify({ sender, runner, signal: stopping.signal, say });
  return { ...timeline, runner };
}

registerSchedules(platformCron(), {
  schedules: project.project.schedules,
  flows,
  queue,
  runner: async () => (await open()).runner,
  stopping: stopping.signal,
  say,
});

type Answer = (request: Request) => Promise<Response>;

/** The pages; or, to every request, why there are none. The platform shows what boots, and no log. */
function answers(): Answer {
  let access: ServiceOptions["access"];
  try {
    access = accessOn(null, env);
  } catch (error) {
    const { message } = toAppError(error);
    say(message);
    return () => Promise.resolve(refusal(message));
  }
  let pages: Promise<Answer> | null = null;
  return async (request) => {
    try {
      pages ??= open().then((timeline) => createService({ ...timeline, access }).fetch);
      return await (await pages)(request);
    } catch (cause) {
      pages = null;
      const { message } = toAppError(cause);
      say(message);
      return refusal(message);
    }
  };
}

function refusal(message: string): Response {
  const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };
  return new Response(`${message}\n`, { status: 503, headers });
}

// Where to listen is the platform's to say.
const onListen = ({ hostname, port }: Deno.NetAddr) => say(`serving http://${hostname}:${port}`);
const server = Deno.serve({ onListen }, answers());

// The platform ends an instance by SIGINT, and 5 s later by force.
for (const name of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(name, async () => {
    if (stopping.signal.aborted) return;
    const reason = new AppError("interrupted", `Stopped by ${name} before it was done.`);
    stopping.abort(reason);
    await endInOrder({ server, queue, schedules: Promise.resolve(), notifying, cut }, reason);
    Deno.exit(0);
  });
}
