// The acts on models as forms: promote, roll back, revoke. Each leads to the version that shows its effect.

import type { Context, Hono } from "hono";
import type { View, Views } from "../view.ts";
import { parseForm } from "./form.tsx";
import { revocationSchema, revoke, rollBack, rollbackSchema } from "./model_acts.ts";
import { promote, promotionSchema } from "./promote.ts";

export function mountModelActs(app: Hono, views: Views): void {
  app.post("/models/:ref/promote", (c) => promoteAct(c, views, c.req.param("ref")));
  app.post("/models/:ref/revoke", (c) => revokeAct(c, views, c.req.param("ref")));
  app.post("/aliases/:alias/rollback", (c) => rollbackAct(c, views, c.req.param("alias")));
}

async function promoteAct(c: Context, views: Views, ref: string): Promise<Response> {
  const view = await views.of(c);
  const asked = await parseForm(c, promotionSchema, `promote ${ref}`);
  const run = await promote(view, ref, asked);
  return c.redirect(versionPage(view, Number(run.summary.version)), 303);
}

async function revokeAct(c: Context, views: Views, ref: string): Promise<Response> {
  const view = await views.of(c);
  const asked = await parseForm(c, revocationSchema, `revoke ${ref}`);
  const { revocation } = await revoke(view, ref, asked);
  return c.redirect(versionPage(view, revocation.version), 303);
}

/** To the version that holds the alias again. */
async function rollbackAct(c: Context, views: Views, alias: string): Promise<Response> {
  const view = await views.of(c);
  const asked = await parseForm(c, rollbackSchema, `roll ${alias} back`);
  const { version } = await rollBack(view, alias, asked);
  return c.redirect(versionPage(view, version), 303);
}

function versionPage(view: View, version: number): string {
  return `${view.href(`/models/${version}`)}#history`;
}
