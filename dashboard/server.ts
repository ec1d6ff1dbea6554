// The routes, in the order in which a request meets them: who may, static files, the live stream, the
// pages with their twins, the acts, the API. Tests call `fetch()`.

import { type Context, Hono } from "hono";
import { secureHeaders } from "hono/secure-headers";
import { AppError, toAppError } from "../src/domain/errors.ts";
import { toJson } from "../src/domain/json.ts";
import { mountModelActs } from "./acts/models.ts";
import { mountRunActs } from "./acts/runs.ts";
import { mountApi } from "./api/mod.ts";
import { Authority } from "./auth.ts";
import { cardHeaders, mountCards } from "./cards.ts";
import { limitBodies } from "./bodies.ts";
import type { DashboardDeps } from "./context.ts";
import { mountHealth } from "./health.ts";
import { mountFiles } from "./files.ts";
import { mountLive } from "./live.ts";
import { mountModelFile } from "./model_file.ts";
import { mountPage, withoutSuffix } from "./page.ts";
import { mountLogin } from "./pages/login.tsx";
import { PAGES } from "./pages/mod.ts";
import { renderRefusal } from "./pages/refusal.tsx";
import { mountStatic } from "./static_files.ts";
import { Views } from "./view.ts";

const THEME_COOKIE_S = 365 * 86_400;

export interface Server {
  fetch(request: Request): Promise<Response>;
  /** Every route with its method, for those who check all of them. */
  routes: { method: string; path: string }[];
}

/** Everything that is answered over HTTP. */
export function createServer(deps: DashboardDeps): Server {
  const app = new Hono();
  const views = new Views(deps);
  const authority = new Authority(deps.access, deps.actor);
  app.use(...cardHeaders());
  app.use(secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      scriptSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      frameSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    referrerPolicy: "same-origin",
    // Behind a proxy it is the proxy's to say; on loopback it would lock out plain HTTP.
    strictTransportSecurity: false,
    // A card's frame is of no origin, and could not keep what the header asks: browsers warn of it.
    originAgentCluster: false,
  }));
  app.use(limitBodies());
  app.use(authority.guard());
  mountHealth(app, views);
  app.use(chooseTheme);
  mountStatic(app);
  mountLogin(app, authority);
  mountLive(app, views);
  mountCards(app, views);
  mountFiles(app, views);
  mountModelFile(app, views);
  for (const page of PAGES) mountPage(app, views, page);
  mountModelActs(app, views);
  mountRunActs(app, views);
  mountApi(app, views);
  app.notFound((c) =>
    answerError(c, views, new AppError("not_found", `Cannot find ${c.req.path}. Next: begin at /.`))
  );
  app.onError((cause, c) => answerError(c, views, toAppError(cause)));
  return {
    fetch: async (request) =>
      URL.canParse(request.url)
        ? await app.fetch(withoutSuffix(withOneSlash(request)))
        : new Response("Cannot read the Host of the request.\n", { status: 400 }),
    routes: app.routes.map(({ method, path }) => ({ method, path })),
  };
}

/** "//host" in a link or a redirect is another host: a path that begins like that is nowhere sent back. */
function withOneSlash(request: Request): Request {
  const url = new URL(request.url);
  if (!url.pathname.startsWith("//")) return request;
  url.pathname = url.pathname.replace(/^\/+/, "/");
  return new Request(url, request);
}

/** The theme is a link; what it chose is kept in a cookie, so that every other URL stays as it is. */
async function chooseTheme(c: Context, next: () => Promise<void>): Promise<Response | void> {
  const url = new URL(c.req.url);
  const theme = url.searchParams.get("theme");
  if (theme === null || c.req.method !== "GET") return await next();
  url.searchParams.delete("theme");
  const kept = ["light", "dark"].includes(theme) ? theme : "";
  c.header(
    "set-cookie",
    `anomaly_theme=${kept}; Path=/; Max-Age=${kept ? THEME_COOKIE_S : 0}; SameSite=Lax`,
  );
  return c.redirect(url.pathname + url.search, 303);
}

/** A page for whoever looks at pages, the one JSON shape for everyone else. */
async function answerError(c: Context, views: Views, error: AppError): Promise<Response> {
  const wantsPage = (c.req.header("accept") ?? "").includes("text/html") &&
    !c.req.path.startsWith("/api/");
  if (wantsPage) return c.html(await renderRefusal(c, views, error), error.httpStatus as 500);
  return c.json(toJson(error.toJSON()) as object, error.httpStatus as 500);
}
