// A dashboard over a registry in memory or on disk, without a socket: the real routes, pages, flows and
// configs, with a clock and a visitor that belong to the test.

import { assertEquals } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import { outcomeReport } from "../../main.ts";
import { loadProject, resolveScopes } from "../../src/config/mod.ts";
import type { BranchSetup, DashboardDeps, StartedRun } from "../../dashboard/context.ts";
import { createServer } from "../../dashboard/server.ts";
import type { JsonObject } from "../../src/domain/asset.ts";
import { toAppError } from "../../src/domain/errors.ts";
import type { RunRecord } from "../../src/domain/run.ts";
import type { RunnerContext } from "../../src/engine/flow.ts";
import { listenersOf } from "../../src/engine/listening.ts";
import { resumeRun } from "../../src/engine/resume.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { followEvents } from "../../src/engine/triggers.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { memoryRegistry, testConfigs, type TestRegistry, testRunner } from "../support/registry.ts";

export const ORIGIN = "http://127.0.0.1:8001";

export interface TestDashboard {
  deps: DashboardDeps;
  /** GET, as a browser asks for a page. */
  page(path: string, headers?: Record<string, string>): Promise<Response>;
  /** GET, as a program asks. */
  json<T>(path: string): Promise<T>;
  /** POST of a form from a page of the dashboard, with its token, unless headers or fields say other. */
  post(
    path: string,
    fields?: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Response>;
  /** Any request. */
  fetch(request: Request): Promise<Response>;
  routes: { method: string; path: string }[];
}

/** Opens the routes over a registry; `given` takes the place of single parts. */
export async function dashboardOn(
  registry: RegistryContext,
  given: Partial<DashboardDeps> = {},
): Promise<TestDashboard> {
  const { project, notifications } = await loadProject({ env: () => undefined, folder: "configs" });
  const own = registry.scopes.write.branch;
  const runnerFor = ({ scopes, configs }: BranchSetup, actor: string): RunnerContext => ({
    ...testRunner(registry),
    registry: { ...registry, scopes, actor },
    configs,
  });
  const deps: DashboardDeps = {
    registry,
    actor: registry.actor,
    flows,
    project,
    codeVersion: "test",
    env: () => undefined,
    access: { kind: "open" },
    runsSchedules: false,
    setupOf: (branch = own) =>
      Promise.try(() => {
        const { scopes, environment } = resolveScopes({
          flags: { branch, read_branch: branch === own ? registry.scopes.read.branch : undefined },
          env: () => undefined,
          project,
        });
        return { scopes, environment, configs: testConfigs() };
      }),
    listenersOf: ({ configs }) => listenersOf(flows, configs, notifications.config),
    leaseNowMs: Date.now,
    commandFlags: (setup) => ` --branch ${setup.scopes.write.branch}`,
    start: (setup, { flow, params, tags, actor, asked }) =>
      begin(
        runnerFor(setup, actor),
        { params, tags },
        (runner, onStarted) =>
          runFlow(runner, flow, {
            params,
            tags,
            triggeredBy: null,
            onStarted,
            ...(asked && { asked }),
          }),
      ),
    resume: (setup, { run, actor, asked }) =>
      begin(
        runnerFor(setup, actor),
        { params: run.params, tags: [] },
        (runner, onStarted) =>
          resumeRun(runner, given.flows ?? flows, run.id, { onStarted, asked }),
      ),
    outcomeReport,
    scoreRows: () => Promise.reject(new Error("this test scores nothing")),
    signal: new AbortController().signal,
    ...given,
  };
  const server = createServer(deps);
  const fetch = (request: Request) => server.fetch(request);
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(new Request(ORIGIN + path, { headers }));
  return {
    deps,
    fetch,
    routes: server.routes,
    page: (path, headers) => get(path, { accept: "text/html", ...headers }),
    json: async (path) => await (await get(path)).json(),
    post: async (path, fields = {}, headers = {}) => {
      // A page that has a form whatever the branch holds.
      const html = await (await get("/flows/ingest", { accept: "text/html", ...headers })).text();
      const csrf = /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? "";
      const body = new URLSearchParams({ _csrf: csrf, ...fields });
      const request = new Request(ORIGIN + path, {
        method: "POST",
        body,
        headers: { origin: ORIGIN, accept: "text/html", ...headers },
      });
      return await fetch(request);
    },
  };
}

/** What the queue of a process does, without one. */
function begin(
  runner: RunnerContext,
  inherited: { params: JsonObject; tags: string[] },
  work: (runner: RunnerContext, onStarted: (run: RunRecord) => void) => Promise<RunRecord>,
): StartedRun {
  const begun = Promise.withResolvers<RunRecord>();
  const run = work(runner, begun.resolve);
  const done = run
    .then((done) => followEvents(runner, flows, done, { ...inherited, goesOn: true }))
    .then(() => {}, begun.reject);
  return { started: begun.promise, done, failure: run.then(() => null, toAppError) };
}

/** A dashboard over an empty branch, for as long as the work takes. */
export async function withDashboard(
  work: (dashboard: TestDashboard, registry: TestRegistry) => Promise<void>,
): Promise<void> {
  using registry = await memoryRegistry();
  await work(await dashboardOn(registry), registry);
}

/** A page that is there. */
export async function htmlOf(dashboard: TestDashboard, path: string): Promise<string> {
  const answer = await dashboard.page(path);
  assertEquals(answer.status, 200);
  return await answer.text();
}
