// Who may see and who may act. Open on loopback, where only this machine's own pages may ask; a token
// everywhere else. Whoever acts proves that the request came from a page of ours (a form's token), from
// a holder of the access token, or, on loopback alone, from a program that no browser stands behind.

import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { AppError } from "../src/domain/errors.ts";
import { readForm } from "./bodies.ts";

export type Access = { kind: "open" } | { kind: "token"; token: string };

/** Addresses that only this machine reaches. */
export const LOOPBACK_HOSTS = ["127.0.0.1", "::1", "localhost"];

export const MIN_TOKEN_CHARS = 32;
export const CSRF_FIELD = "_csrf";
const CSRF_HEADER = "x-csrf-token";
const SESSION_COOKIE = "anomaly_session";
const SESSION_DAYS = 30;
const MAX_NAME_CHARS = 60;

/** Reached without a token: how one gets in, what a page needs to look right, and probes. */
const PUBLIC = /^\/(login|health|ready|static\/.*)$/;

/** Who asks, and what their forms carry. */
export interface Visitor {
  /** As it is written into histories and the audit log. */
  actor: string;
  csrf: string;
  /** Whether there is a session to end. */
  hasSession: boolean;
  /** False for whoever still has to log in: nothing of the store is shown to them. */
  maySee: boolean;
}

declare module "hono" {
  interface ContextVariableMap {
    visitor: Visitor;
  }
}

/** Keys are derived from the token, so that all instances of a deployment accept each other's. */
export class Authority {
  readonly #secret: string;

  constructor(readonly access: Access, readonly localActor: string) {
    this.#secret = access.kind === "token" ? access.token : randomBytes(32).toString("hex");
  }

  /** Lets a request through with its visitor, or refuses it. */
  guard(): MiddlewareHandler {
    return async (c, next) => {
      this.#assertHost(c);
      const session = this.#session(c);
      const isHolder = this.#hasBearer(c);
      const maySee = this.access.kind === "open" || isHolder || session !== null;
      if (!maySee && !PUBLIC.test(c.req.path)) return this.#refuse(c);
      const actor = session?.name ?? this.localActor;
      const csrf = this.#sign(`csrf ${session?.cookie ?? ""}`);
      c.set("visitor", { actor, csrf, hasSession: session !== null, maySee });
      if (!["GET", "HEAD", "OPTIONS"].includes(c.req.method)) {
        this.#assertOwnOrigin(c);
        if (!isHolder && c.req.path !== "/login") await this.#assertIntended(c, csrf);
      }
      await next();
    };
  }

  /** Starts a session for whoever knows the token. Throws `unauthorized`. */
  logIn(c: Context, token: string, name: string): void {
    if (this.access.kind !== "token" || !isSame(token, this.access.token)) {
      throw new AppError(
        "unauthorized",
        "Cannot log in: that is not the token, expected what ANOMALY_TOKEN is set to where this " +
          "dashboard runs. Next: ask whoever runs it.",
      );
    }
    const claim = { name: name.trim().slice(0, MAX_NAME_CHARS) || this.localActor };
    const payload = Buffer.from(JSON.stringify(claim)).toString("base64url");
    setCookie(c, SESSION_COOKIE, `${payload}.${this.#sign(`session ${payload}`)}`, {
      httpOnly: true,
      sameSite: "Strict",
      secure: (c.req.header("origin") ?? c.req.url).startsWith("https:"),
      path: "/",
      maxAge: SESSION_DAYS * 86_400,
    });
  }

  logOut(c: Context): void {
    deleteCookie(c, SESSION_COOKIE, { path: "/" });
  }

  /** A page elsewhere can have its name point here: only our own names are answered. */
  #assertHost(c: Context): void {
    if (this.access.kind !== "open") return;
    const { hostname } = new URL(c.req.url);
    if (LOOPBACK_HOSTS.includes(hostname.replace(/^\[|\]$/g, ""))) return;
    throw new AppError(
      "forbidden",
      `Cannot answer for the host ${hostname}: expected ${LOOPBACK_HOSTS.join(", ")}. Next: open ` +
        `http://127.0.0.1 with this port.`,
    );
  }

  /** Throws `forbidden` for a request that a page of another site has sent. */
  #assertOwnOrigin(c: Context): void {
    const origin = c.req.header("origin");
    const site = c.req.header("sec-fetch-site");
    const own = new URL(c.req.url);
    // Before a proxy that ends TLS the page is https, and what arrives here is http.
    const isOwn = origin === undefined || origin === own.origin || origin === `https://${own.host}`;
    if (isOwn && (site === undefined || site === "same-origin" || site === "none")) return;
    throw new AppError(
      "forbidden",
      `Cannot act for a page of ${
        origin ?? `another site (${site})`
      }: expected a request from this ` +
        `dashboard's own pages. Next: open the dashboard itself.`,
    );
  }

  /** Throws `forbidden` unless a page of ours was used, or no browser can have sent it. */
  async #assertIntended(c: Context, expected: string): Promise<void> {
    const type = c.req.header("content-type") ?? "";
    const given = c.req.header(CSRF_HEADER) ??
      (/^(application\/x-www-form-urlencoded|multipart\/form-data)/.test(type)
        ? [(await readForm(c))[CSRF_FIELD]].flat().at(-1)
        : undefined);
    if (typeof given === "string" && isSame(given, expected)) return;
    // A page of another site cannot send JSON without asking first, and is not answered when it asks.
    const isProgram = this.access.kind === "open" && c.req.path.startsWith("/api/") &&
      type.startsWith("application/json");
    if (isProgram && given === undefined) return;
    throw new AppError(
      "forbidden",
      `Cannot act: ${
        given === undefined ? "found no form token" : "the form token is not this one's"
      }` +
        `, expected the one that this dashboard's pages carry. Next: load the page anew, and send it ` +
        `again; a program sends JSON to /api/v1${
          this.access.kind === "token" ? " with Authorization: Bearer <token>" : ""
        }.`,
    );
  }

  #refuse(c: Context): Response {
    const wantsPage = c.req.method === "GET" &&
      (c.req.header("accept") ?? "").includes("text/html");
    if (wantsPage) {
      const url = new URL(c.req.url);
      return c.redirect(`/login?next=${encodeURIComponent(url.pathname + url.search)}`, 303);
    }
    throw new AppError(
      "unauthorized",
      `Cannot ${c.req.method} ${c.req.path}: found no token, or not the right one, expected ` +
        `Authorization: Bearer <token>. Next: send what ANOMALY_TOKEN is set to where this runs.`,
    );
  }

  #hasBearer(c: Context): boolean {
    const given = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1];
    return this.access.kind === "token" && given !== undefined && isSame(given, this.access.token);
  }

  #session(c: Context): { name: string; cookie: string } | null {
    const cookie = getCookie(c, SESSION_COOKIE);
    const [payload, signature] = cookie?.split(".") ?? [];
    if (cookie === undefined || payload === undefined || signature === undefined) return null;
    if (!isSame(signature, this.#sign(`session ${payload}`))) return null;
    const { name } = JSON.parse(Buffer.from(payload, "base64url").toString());
    return { name: String(name), cookie };
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#secret).update(text).digest("base64url");
  }
}

/** Equal, in a time that does not tell how much of it is. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHmac("sha256", "compare").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
