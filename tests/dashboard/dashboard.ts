// A dashboard over a registry in memory or on disk, without a socket: the real routes, pages, flows and
// configs, with a clock and a visitor that belong to the test.

import { assertEquals } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import { outcomeReport } from "../../main.ts";
import { loadProject, resolveScopes } from "../../src/config/mod.ts";
import type { DashboardDeps } from "../../dashboard/context.ts";
import { createServer } from "../../dashboard/server.ts";
import { toAppError } from "../../src/domain/errors.ts";
import { runFlow } from "../../src/engine/runner.ts";
import { followEvents } from "../../src/engine/triggers.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import {
  memoryRegistry,
  testConfigs,
  testDurability,
  type TestRegistry,
} from "../support/registry.ts";

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
  const { project } = await loadProject({ env: () => undefined, folder: "configs" });
  const own = registry.scopes.write.branch;
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
    commandFlags: (setup) => ` --branch ${setup.scopes.write.branch}`,
    start: (setup, { flow, params, tags, actor, asked }) => {
      const begun = Promise.withResolvers<Awaited<ReturnType<typeof runFlow>>>();
      const runner = {
        registry: { ...registry, scopes: setup.scopes, actor },
        configs: setup.configs,
        codeVersion: "test",
        env: () => undefined,
        signal: new AbortController().signal,
        stopping: new AbortController().signal,
        durability: testDurability(),
        onLog: () => {},
      };
      const run = runFlow(runner, flow, {
        params,
        tags,
        triggeredBy: null,
        onStarted: begun.resolve,
        ...(asked && { asked }),
      });
      const done = run
        .then((done) => followEvents(runner, flows, done, { params, tags, goesOn: true }))
        .then(() => {}, begun.reject);
      const failure = run.then(() => null, toAppError);
      return { started: begun.promise, done, failure };
    },
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
