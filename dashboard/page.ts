// A page: what it may be asked, what it reads, and how that is shown. One definition gives its route, its
// twin (the model as JSON under the same path with .json) and its cache.

import type { Context, Hono } from "hono";
import { z } from "zod";
import { AppError } from "../src/domain/errors.ts";
import { toJson } from "../src/domain/json.ts";
import { describeProblems } from "../src/domain/problems.ts";
import { type Content, renderFrame } from "./components/frame.tsx";
import type { RegistryContext } from "../src/registry/context.ts";
import { Memo } from "./reading/memo.ts";
import { Sendable } from "./sendable.ts";
import { readFrame, type View, type Views } from "./view.ts";

export type { Content, NextAction } from "./components/frame.tsx";

export interface Page<Q extends z.ZodObject = z.ZodObject, M = unknown> {
  /** As Hono has it: "/models/:ref". */
  path: string;
  /** Parts of the path and parameters of the query, as text; others are ignored. */
  query: Q;
  load(view: View, query: z.output<Q>): Promise<M>;
  render(view: View, model: M, query: z.output<Q>): Content;
}

/** Types a page; routes treat all of them alike. */
export function definePage<Q extends z.ZodObject, M>(page: Page<Q, M>): Page {
  return page as unknown as Page;
}

/** How old ages on a page may be, ms. */
const SHOWN_AGE_MS = 10_000;
const KEPT_PAGES = 500;
/** Every link of a page repeats its query: pages of longer ones than a form makes would fill the memory. */
const KEPT_URL_CHARS = 2000;
/** States of the branches that are looked at, of which all but the newest are on their way out. */
const KEPT_LOOKS = 8;
const pages = new Memo<Sendable>(KEPT_PAGES);

/** Adds the page and its twin to the routes. */
export function mountPage(app: Hono, views: Views, page: Page): void {
  app.get(page.path, async (c) => {
    const asked = await views.of(c);
    const query = parseQuery(page, c);
    const { view, state } = await lookAt(asked);
    if (c.req.header(TWIN_HEADER) !== undefined) {
      return c.json(toJson(await page.load(view, query)) as object);
    }
    const rendered = await renderOnce(view, state, views, page, query);
    return await rendered.send(c, "private, no-cache");
  });
}

const looks = new Memo<RegistryContext["store"]>(KEPT_LOOKS);

/**
 * The view on the branch as it is now, and a name for that state. All who look before the next commit, and
 * before ages have to go on, share what they read.
 */
async function lookAt(view: View): Promise<{ view: View; state: string }> {
  const { registry } = view;
  const { store, scopes } = registry;
  const branches = [...new Set([scopes.write, scopes.read])];
  const revisions = await Promise.all(branches.map((scope) => store.revision(scope)));
  const state = JSON.stringify([
    ...branches.map(({ branch }) => branch),
    ...revisions,
    Math.floor(view.nowMs / SHOWN_AGE_MS),
  ]);
  const look = await looks.get(registry, state, () => Promise.resolve(store.remembering()));
  return { view: { ...view, registry: { ...registry, store: look } }, state };
}

/** Set where the path ended in .json; see `withoutSuffix`. */
const TWIN_HEADER = "x-anomaly-twin";

/** A request for a page's twin as one for the page, marked. The overview's twin is /overview.json. */
export function withoutSuffix(request: Request): Request {
  const url = new URL(request.url);
  const isLook = ["GET", "HEAD"].includes(request.method);
  const isTwin = isLook && url.pathname.endsWith(".json") &&
    !/^\/(api|static)\//.test(url.pathname);
  // The mark itself is nobody's to send.
  const isMarked = request.headers.has(TWIN_HEADER);
  if (!isTwin && !isMarked) return request;
  const headers = new Headers(request.headers);
  headers.delete(TWIN_HEADER);
  if (!isTwin) return new Request(request, { headers });
  headers.set(TWIN_HEADER, "1");
  url.pathname = url.pathname === "/overview.json" ? "/" : url.pathname.slice(0, -".json".length);
  return new Request(url, { method: request.method, headers });
}

/** Throws `invalid` saying which parameter is wrong, what was found and what was expected. */
function parseQuery(page: Page, c: Context): z.output<z.ZodObject> {
  const given = { ...c.req.query(), ...c.req.param() };
  const known = Object.keys(page.query.shape);
  // An empty field of a form is one that was not filled in.
  const asked = Object.fromEntries(
    Object.entries(given).filter(([name, value]) => known.includes(name) && value !== ""),
  );
  const checked = page.query.safeParse(asked);
  if (checked.success) return checked.data;
  const problems = describeProblems(page.query, asked, checked.error.issues);
  throw new AppError("invalid", `Cannot show ${c.req.path}: ${problems.join("; ")}.`, {
    details: { problems },
  });
}

/** The page, rendered anew only where the state, or what is asked of it, is another one. */
async function renderOnce(
  view: View,
  state: string,
  views: Views,
  page: Page,
  query: z.output<z.ZodObject>,
): Promise<Sendable> {
  const { registry, visitor, theme, url } = view;
  const make = async () => {
    const [frame, model] = await Promise.all([readFrame(view, views), page.load(view, query)]);
    const html = renderFrame(view, frame, page.render(view, model, query));
    return new Sendable(html, "text/html; charset=utf-8");
  };
  const path = url.pathname + url.search;
  if (path.length > KEPT_URL_CHARS) return await make();
  const key = JSON.stringify([state, theme, visitor.csrf, path]);
  return await pages.get(registry, key, make);
}
