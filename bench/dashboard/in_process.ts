// The dashboard over a store on disk, in this process and without a socket.

import { createServer, type Server } from "../../dashboard/server.ts";
import { flows } from "../../flows/mod.ts";
import { scoreRows } from "../../flows/score_rows.ts";
import { outcomeReport } from "../../main.ts";
import { loadFlowConfigs, loadProject, resolveScopes } from "../../src/config/mod.ts";
import { Store } from "../../src/store/kv.ts";
import { CODE_VERSION } from "../../src/version.ts";
import { ACTOR, BRANCH } from "./examples.ts";

export interface OpenDashboard extends Disposable {
  store: Store;
  fetch: Server["fetch"];
  routes: Server["routes"];
}

/** Reads only: nothing here can start a run. */
export async function openDashboard(path: string): Promise<OpenDashboard> {
  const store = await Store.open(path);
  const env = () => undefined;
  const loaded = await loadProject({ env });
  const { project } = loaded;
  const { configs } = await loadFlowConfigs(loaded, BRANCH);
  let aheadMs = 0;
  const server = createServer({
    registry: { store, nowMs: () => Date.now() + aheadMs },
    actor: ACTOR,
    flows,
    project,
    codeVersion: CODE_VERSION,
    env,
    access: { kind: "open" },
    runsSchedules: false,
    setupOf: (branch = BRANCH) =>
      Promise.resolve({ ...resolveScopes({ flags: { branch }, env, project }), configs }),
    listenersOf: () => () => [],
    leaseNowMs: Date.now,
    commandFlags: () => ` --kv ${path} --branch ${BRANCH}`,
    start: () => {
      throw new Error("this dashboard starts no runs");
    },
    resume: () => {
      throw new Error("this dashboard resumes no runs");
    },
    outcomeReport,
    scoreRows,
    signal: new AbortController().signal,
  });
  const { fetch: answer, routes } = server;
  const fetch = (request: Request) => {
    // Pages and what they read are kept for ten seconds: a page that is to be alone comes after them.
    if (request.url.includes("anew=")) aheadMs += 10_000;
    return answer(request);
  };
  return { store, fetch, routes, [Symbol.dispose]: () => store[Symbol.dispose]() };
}
