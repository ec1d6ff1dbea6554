// Probes, for whoever watches the process: /health says that it answers, /ready that its store does and
// that what it shows is fresh.

import type { Hono } from "hono";
import { AppError } from "../src/domain/errors.ts";
import { toJson } from "../src/domain/json.ts";
import { type Freshness, readFreshness } from "../src/engine/freshness.ts";
import type { RegistryContext } from "../src/registry/context.ts";
import type { DashboardDeps } from "./context.ts";
import type { Views } from "./view.ts";

export function mountHealth(app: Hono, views: Views): void {
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/ready", async (c) => {
    const freshness = await ownFreshness(views.deps, c.get("visitor").maySee);
    if (freshness.state !== "stale") return c.json(toJson({ status: "ok", freshness }) as object);
    throw new AppError(
      "unavailable",
      `Cannot call this ready: ${freshness.sentence} Next: look at the runs of ingest.`,
      { details: { freshness: toJson(freshness) } },
    );
  });
}

/**
 * Of the process's own branch. Throws `unavailable` where the store does not answer; where that is on this
 * machine is told to those who may see it.
 */
async function ownFreshness(deps: DashboardDeps, maySee: boolean): Promise<Freshness> {
  const { scopes } = await deps.setupOf(undefined);
  const registry = { ...deps.registry, scopes, actor: deps.actor };
  try {
    return await freshnessOn(registry, deps, true);
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    const store = maySee ? `the store ${deps.registry.store.location}: ${found}` : "the store";
    throw new AppError(
      "unavailable",
      `Cannot read ${store}. Expected a Deno KV database ` +
        `that answers. Next: look at the log of this process.`,
      { cause },
    );
  }
}

/** The freshness of what a branch reads; `isOwn`: it is the one whose schedules this process may run. */
export function freshnessOn(
  registry: RegistryContext,
  { project, runsSchedules }: DashboardDeps,
  isOwn: boolean,
): Promise<Freshness> {
  return readFreshness(registry, registry.scopes.read, {
    schedule: project.schedules.ingest ?? null,
    runsHere: runsSchedules && isOwn,
  });
}
