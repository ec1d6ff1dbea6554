// The HTTP side of the process: health, readiness and status as JSON. Pages move in here.

import { Hono } from "hono";
import { ASSET } from "../src/domain/asset.ts";
import { AppError, toAppError } from "../src/domain/errors.ts";
import { toJson } from "../src/domain/json.ts";
import { aliasHistory } from "../src/registry/alias_history.ts";
import { CHAMPION } from "../src/registry/aliases.ts";
import { marketTime, type RegistryContext } from "../src/registry/context.ts";
import { listRuns } from "../src/registry/runs.ts";

/** The routes over one registry; tests call `app.request()`. */
export function createServer(registry: RegistryContext): Hono {
  const app = new Hono();
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/", async (c) => c.json(toJson(await overview(registry))));
  app.notFound((c) => {
    const error = new AppError("not_found", `Cannot find ${c.req.path}: expected / or /health.`);
    return c.json(error.toJSON(), 404);
  });
  app.onError((cause, c) => {
    const error = toAppError(cause);
    return c.json(toJson(error.toJSON()) as object, error.httpStatus as 500);
  });
  return app;
}

async function overview(registry: RegistryContext) {
  const scope = registry.scopes.write;
  const [champion] = await aliasHistory(registry, scope, ASSET.detector, CHAMPION, 1);
  const [lastRun] = await listRuns(registry, scope, { limit: 1 });
  return {
    branch: scope.branch,
    marketAt: await marketTime(registry, scope),
    champion: champion ?? null,
    lastRun: lastRun ?? null,
  };
}
