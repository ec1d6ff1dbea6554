// What stands around every page: navigation, branch, market clock, banner, finding, foot.

import type { Child, FC } from "hono/jsx";
import { raw } from "hono/html";
import { duration, instant, plainText } from "../../src/cards/format.ts";
import { FormMarks } from "../acts/form.tsx";
import { STATIC } from "../static_files.ts";
import { type Frame, hrefWith, type View } from "../view.ts";
import { Command } from "./command.tsx";
import { SPRITE, State } from "./state.tsx";

export type Section = "overview" | "data" | "models" | "runs" | "predictions" | "events";

/** At most one: why, what it costs, the command. */
export interface NextAction {
  title: string;
  text: Child;
  command: string;
}

/** What a page gives to its frame. */
export interface Content {
  /** Of the browser's tab, without the product's name. */
  title: string;
  section: Section | null;
  /** The finding, as the heading: "35 of 99 coins look abnormal". */
  finding: Child;
  /** At most three lines, with two or three bold numbers. */
  lead?: Child;
  /** What leads to this page. */
  crumbs?: { text: string; href?: string }[];
  next?: NextAction | null;
  /** Panels, in a grid of twelve columns. */
  body: Child;
}

const NAVIGATION: { section: Section; text: string; path: string }[] = [
  { section: "overview", text: "Overview", path: "/" },
  { section: "data", text: "Data", path: "/data" },
  { section: "models", text: "Models", path: "/models" },
  { section: "runs", text: "Runs", path: "/runs" },
  { section: "predictions", text: "Predictions", path: "/predictions" },
  { section: "events", text: "Events", path: "/events" },
];

/** The whole document as text. All text in it is escaped. */
export function renderFrame(view: View, frame: Frame, content: Content): string {
  return "<!DOCTYPE html>\n" + <Document view={view} frame={frame} content={content} />;
}

const Document: FC<{ view: View; frame: Frame; content: Content }> = (
  { view, frame, content },
) => (
  <html lang="en" data-theme={view.theme ?? undefined}>
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>{`${plainText(content.title)} · anomaly`}</title>
      <link rel="icon" href={STATIC.icon.path} type="image/svg+xml" />
      <link rel="stylesheet" href={STATIC.css.path} />
      <script src={STATIC.script.path} defer />
    </head>
    <body data-branch={view.branch}>
      <a class="skip" href="#main">Skip to content</a>
      {raw(SPRITE)}
      <Top view={view} frame={frame} section={content.section} />
      <main id="main" tabindex={-1}>
        <p id="lost" class="banner bad" role="status" hidden>
          <State kind="warn" word="Connection lost" />
          <span>What is shown may be out of date; it comes back by itself.</span>
        </p>
        <Stale view={view} frame={frame} />
        <Head content={content} />
        {content.body}
      </main>
      <Foot view={view} frame={frame} />
      <p id="news" class="vh" role="status" aria-live="polite"></p>
    </body>
  </html>
);

const Top: FC<{ view: View; frame: Frame; section: Section | null }> = (
  { view, frame, section },
) => (
  <header class="top" id="top" data-live>
    <a class="brand" href={view.href("/")}>
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path d="M1 12h5l2-3 2 3h1" class="ln" />
        <path d="M11 12l2 6 2-11 1.500 5H19" class="ln-f" />
      </svg>
      anomaly
    </a>
    <nav class="nav" aria-label="Pages">
      {NAVIGATION.map((item) => (
        <a href={view.href(item.path)} aria-current={item.section === section ? "page" : undefined}>
          {item.text}
        </a>
      ))}
    </nav>
    <div class="top-end">
      <Clock view={view} frame={frame} />
      <form class="find" role="search" action="/search" method="get">
        <label>
          <span class="vh">Search</span>
          <input id="q" type="search" name="q" placeholder="Search" autocomplete="off" />
        </label>
        <BranchField view={view} />
      </form>
      <form class="branch" action={view.url.pathname} method="get">
        <label class="branch small">
          <span class="vh">Branch</span>
          <select name="branch" data-submits>
            {frame.branches.map((name) => (
              <option value={name} selected={name === view.branch}>
                {name === view.branch ? `${name} · ${view.setup.environment}` : name}
              </option>
            ))}
          </select>
        </label>
        <button class="btn go" type="submit">Go</button>
      </form>
      <a class="small" href={hrefWith(view, { theme: view.theme === "dark" ? "light" : "dark" })}>
        Theme<span class="vh">{`: turn ${view.theme === "dark" ? "light" : "dark"}`}</span>
      </a>
      {view.visitor.hasSession ? <LogOut view={view} /> : ""}
    </div>
  </header>
);

/** The branch that a form goes on with, where the URL names one. */
export const BranchField: FC<{ view: View }> = ({ view }) =>
  view.url.searchParams.has("branch")
    ? <input type="hidden" name="branch" value={view.branch} />
    : null;

const LogOut: FC<{ view: View }> = ({ view }) => (
  <form method="post" action="/logout">
    <FormMarks view={view} />
    <button class="btn" type="submit">Log out</button>
  </form>
);

const Clock: FC<{ view: View; frame: Frame }> = ({ view, frame }) => {
  const { market } = frame;
  if (market === null) return <span class="clock small">no snapshot yet</span>;
  const at = market.snapshot?.marketAt ?? market.at;
  const isLive = market.source === "coingecko";
  const since = isLive
    ? `, ${duration(view.nowMs - Date.parse(at))} ago`
    : `, ${kindOf(market.source)}`;
  return (
    <span class="clock small">
      market <time datetime={at}>{instant(at)}</time>
      {since}
    </span>
  );
};

function kindOf(source: string): string {
  return source.startsWith("replay") ? "recorded" : "simulated";
}

/** Filled in by the shared answer to "is this fresh?". */
const Stale: FC<{ view: View; frame: Frame }> = ({ frame }) => {
  if (frame.stale === null) return null;
  return (
    <div class="banner" id="stale" role="status" data-live>
      <State kind="warn" word="Stale" />
      <span>{frame.stale.sentence}</span>
      <Command text={frame.stale.command} />
    </div>
  );
};

const Head: FC<{ content: Content }> = ({ content: { crumbs, finding, lead, next } }) => (
  <div class="head c12" id="head" data-live>
    <div>
      {crumbs === undefined ? "" : <Crumbs crumbs={crumbs} />}
      <h1>{finding}</h1>
      {lead === undefined ? "" : <p>{lead}</p>}
    </div>
    {next ? <Next next={next} /> : ""}
  </div>
);

const Crumbs: FC<{ crumbs: { text: string; href?: string }[] }> = ({ crumbs }) => (
  <p class="crumb">
    {crumbs.map(({ text, href }, i) => (
      <>
        {i === 0 ? "" : " / "}
        {href === undefined ? plainText(text) : <a href={href}>{plainText(text)}</a>}
      </>
    ))}
  </p>
);

const Next: FC<{ next: NextAction }> = ({ next }) => (
  <section class="next" aria-labelledby="nx">
    <h2 id="nx">{next.title}</h2>
    <p>{next.text}</p>
    <Command text={next.command} />
  </section>
);

const Foot: FC<{ view: View; frame: Frame }> = ({ view, frame }) => {
  const { pathname, search } = view.url;
  const twin = pathname === "/" ? "/overview.json" : `${pathname}.json`;
  return (
    <footer class="foot" id="foot" data-live>
      <span>
        {frame.market?.source === "coingecko"
          ? <a href="https://www.coingecko.com" rel="noreferrer">Data provided by CoinGecko</a>
          : `Data: ${plainText(frame.market?.source ?? "none yet")}`}
      </span>
      <span>Times are UTC</span>
      {frame.market?.snapshot
        ? <span>{`Snapshot ${instant(frame.market.snapshot.marketAt)}`}</span>
        : ""}
      <a href={twin + search}>This page as JSON</a>
      <a href={view.href("/features")}>Dictionary of features</a>
      <a href="/api/docs">API</a>
      <span>
        Press <kbd class="mono">/</kbd> to search
      </span>
    </footer>
  );
};
