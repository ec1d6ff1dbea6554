// The card of a run as a document of its own, for a sandboxed frame: it may style itself and nothing
// else. Made when it is asked for, from what the run stored; a card once made is kept.

import type { Hono, MiddlewareHandler } from "hono";
import type { RunRecord } from "../src/domain/run.ts";
import { AppError } from "../src/domain/errors.ts";
import { parseRunRef } from "../src/domain/names.ts";
import type { Flow } from "../src/engine/flow.ts";
import { requireArtifacts, requireRun } from "../src/registry/runs.ts";
import { branchKey } from "./reading/days.ts";
import { Memo } from "./reading/memo.ts";
import type { View, Views } from "./view.ts";

/** Some 50 kB each. */
const KEPT_CARDS = 100;
const CARD_PATH = "/runs/:id/card";

/** A page of this dashboard may frame it; it may run nothing, load nothing, send nothing. */
const CARD_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox";

const kept = new Memo<string>(KEPT_CARDS);

/** Whether a card can be made of the run. */
export function hasCard(flows: readonly Flow[], run: Pick<RunRecord, "flow" | "status">): boolean {
  return run.status === "completed" &&
    flows.some((flow) => flow.name === run.flow && flow.card !== undefined);
}

/** The card's HTML. Throws `conflict` where there is none to be made. */
export async function cardOf({ registry, deps }: View, run: RunRecord): Promise<string> {
  const make = deps.flows.find(({ name }) => name === run.flow)?.card;
  if (run.status !== "completed" || make === undefined) {
    throw new AppError(
      "conflict",
      `Cannot make the card of run ${run.id} (${run.flow}): it is ${run.status}, expected a ` +
        `completed run. See: anomaly runs show ${run.id}`,
    );
  }
  const scope = registry.scopes.write;
  return await kept.get(registry, `${branchKey(scope)}/${run.id}`, async () => {
    const artifacts = await requireArtifacts(registry, scope, run);
    return await make({ registry, run, artifacts });
  });
}

/** Goes before the headers of all other answers, and so has the last word on a card's. */
export function cardHeaders(): [path: string, MiddlewareHandler] {
  return [CARD_PATH, async (c, next) => {
    await next();
    c.header("x-frame-options", "SAMEORIGIN");
    const others = c.res.headers.get("content-security-policy") ?? "";
    // A refusal is a page of ours; it only has to be seen where the card would have been.
    const csp = c.res.ok
      ? CARD_CSP
      : others.replace("frame-ancestors 'none'", "frame-ancestors 'self'");
    c.header("content-security-policy", csp);
  }];
}

export function mountCards(app: Hono, views: Views): void {
  app.get(CARD_PATH, async (c) => {
    const view = await views.of(c);
    const { registry } = view;
    const { flow, runId } = parseRunRef(c.req.param("id"));
    const run = await requireRun(registry, registry.scopes.write, runId, flow);
    const html = await cardOf(view, run);
    c.header("cache-control", "private, no-cache");
    return c.html(html);
  });
}
