// What one request is given: its branch, its clock, who asks, and how to link and to word commands. The
// frame around every page is read here, once a request.

import type { Context } from "hono";
import { ASSET, type VersionRecord } from "../src/domain/asset.ts";
import type { FlowConfigs } from "../src/domain/config.ts";
import { AppError } from "../src/domain/errors.ts";
import { isBranchName } from "../src/domain/names.ts";
import { instant, plainText } from "../src/cards/format.ts";
import { iso } from "../src/domain/time.ts";
import { type Freshness, freshnessOf } from "../src/engine/freshness.ts";
import { latestVersion } from "../src/registry/assets.ts";
import { clockOf, readBranch, type RegistryContext, sourceName } from "../src/registry/context.ts";
import type { BranchSetup, DashboardDeps } from "./context.ts";
import type { Visitor } from "./auth.ts";

export type Theme = "light" | "dark" | null;

/** How long a list of branches is believed: a new one is a rare event. */
const BRANCHES_MS = 10_000;

export interface View {
  readonly deps: DashboardDeps;
  readonly setup: BranchSetup;
  /** Reads and acts on the branch that is looked at, in the visitor's name. */
  readonly registry: RegistryContext;
  readonly branch: string;
  readonly configs: FlowConfigs;
  readonly visitor: Visitor;
  readonly nowMs: number;
  readonly url: URL;
  readonly theme: Theme;
  /** Whether this process runs the schedules on this branch. */
  readonly runsSchedules: boolean;
  /** A link that stays on the branch: `href("/models", { sort: "rate" })`. */
  href(path: string, query?: Record<string, string | number | undefined>): string;
  /** A command to copy, with the flags that lead to this store and branch. */
  command(words: string): string;
}

/** The same page with another query; undefined takes a parameter away. */
export function hrefWith(view: View, query: Record<string, string | number | undefined>): string {
  const params = new URLSearchParams(view.url.search);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) params.delete(name);
    else params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? view.url.pathname : `${view.url.pathname}?${text}`;
}

/** Makes views; keeps what hardly changes between requests. */
export class Views {
  #branches: { names: string[]; untilMs: number } | null = null;

  constructor(readonly deps: DashboardDeps) {}

  /** Throws `not_found` for a branch that holds nothing, unless it is the process's own. */
  async of(c: Context): Promise<View> {
    const { deps } = this;
    const url = new URL(c.req.url);
    const asked = url.searchParams.get("branch") ?? undefined;
    if (asked !== undefined) assertBranchName(asked);
    const setup = await deps.setupOf(asked);
    const branch = setup.scopes.write.branch;
    const own = (await deps.setupOf(undefined)).scopes.write.branch;
    if (asked !== undefined) await this.#assertKnown(branch, own);
    const visitor = c.get("visitor");
    const theme = themeOf(c.req.header("cookie"));
    const flags = deps.commandFlags(setup);
    return {
      deps,
      setup,
      registry: {
        ...deps.registry,
        scopes: setup.scopes,
        actor: visitor.actor,
        listenersOf: deps.listenersOf(setup),
      },
      branch,
      configs: setup.configs,
      visitor,
      nowMs: deps.registry.nowMs(),
      url,
      theme,
      runsSchedules: deps.runsSchedules && branch === own,
      href: (path, query = {}) => {
        const params = new URLSearchParams();
        for (const [name, value] of Object.entries(query)) {
          if (value !== undefined) params.set(name, String(value));
        }
        if (asked !== undefined && !params.has("branch")) params.set("branch", asked);
        const text = params.toString();
        return text === "" ? path : `${path}?${text}`;
      },
      command: (words) => `./anomaly ${words}${flags}`,
    };
  }

  async #assertKnown(branch: string, own: string): Promise<void> {
    if (branch === own || (await this.branchNames()).includes(branch)) return;
    this.#branches = null;
    const names = await this.branchNames();
    if (names.includes(branch)) return;
    throw new AppError(
      "not_found",
      `Cannot show branch ${plainText(branch)}: nothing was ever written there, expected one of ` +
        `${names.join(", ") || own}. Next: choose one in the list of branches.`,
      { details: { branch } },
    );
  }

  /** Branches of the project that hold anything, and the process's own. */
  async branchNames(): Promise<string[]> {
    const nowMs = performance.now();
    if (this.#branches === null || this.#branches.untilMs < nowMs) {
      const own = (await this.deps.setupOf(undefined)).scopes.write;
      const names = await this.deps.registry.store.branchNames(own.project);
      this.#branches = {
        names: [...new Set([...names, own.branch])].sort(),
        untilMs: nowMs + BRANCHES_MS,
      };
    }
    return this.#branches.names;
  }
}

/** What stands around every page: where the market is, and which branches there are. */
export interface Frame {
  branches: string[];
  freshness: Freshness;
  /** Why the page is out of date, and the command that ends it; null while the data is fresh. */
  stale: { sentence: string; command: string } | null;
  market: {
    at: string;
    source: string;
    /** Of the newest snapshot; null on a branch that has none of its own. */
    snapshot: VersionRecord | null;
  } | null;
}

export async function readFrame(view: View, views: Views): Promise<Frame> {
  const { registry, deps } = view;
  const scope = registry.scopes.read;
  const [record, snapshot, branches] = await Promise.all([
    readBranch(registry, scope),
    latestVersion(registry, scope, "data", ASSET.snapshot),
    views.branchNames(),
  ]);
  const market = record && {
    at: iso(clockOf(registry, record)),
    source: sourceName(record.source),
    snapshot,
  };
  const freshness = freshnessOf({
    branch: scope.branch,
    source: record?.source.kind ?? null,
    newest: snapshot,
    nowMs: view.nowMs,
    schedule: deps.project.schedules.ingest ?? null,
    runsHere: view.runsSchedules,
  });
  const stale = freshness.state === "stale"
    ? {
      sentence: `${freshness.sentence} Everything below is as of ${instant(freshness.marketAt)}.`,
      command: view.command("ingest --follow"),
    }
    : null;
  return { branches, market, freshness, stale };
}

/** The configs' own refusal speaks of flags. */
function assertBranchName(branch: string): void {
  if (isBranchName(branch)) return;
  throw new AppError(
    "invalid",
    `Cannot use branch "${
      plainText(branch)
    }": expected 1 to 100 letters, digits, ".", "_", "/" or ` +
      `"-", beginning with a letter or digit. Next: choose one in the list of branches.`,
    { details: { branch } },
  );
}

function themeOf(cookie: string | undefined): Theme {
  const value = /(?:^|;\s*)anomaly_theme=(light|dark)(?:;|$)/.exec(cookie ?? "")?.[1];
  return value === "light" || value === "dark" ? value : null;
}
