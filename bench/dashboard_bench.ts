// Whether the dashboard keeps its limits on a large store. Make the stores with dashboard_store.ts, then run
// `deno run --allow-all bench/dashboard_bench.ts --large <path> --small <path> [--parts pages,load,wire,live]
// [--page /models] [--requests 300] [--seconds 10] [--json]`. Exit 1 where a limit is missed.

import { parseArgs } from "@std/cli";
import { type OpenDashboard, openDashboard } from "./dashboard/in_process.ts";
import { type LiveResult, measureLive } from "./dashboard/live_clients.ts";
import {
  type FirstPage,
  type LoadResult,
  measureFirstPage,
  measureLoad,
} from "./dashboard/load.ts";
import { table, type Verdict } from "./dashboard/numbers.ts";
import { measurePage, type PagePair, type PageTimes } from "./dashboard/page_times.ts";
import { serveStore } from "./dashboard/served.ts";
import { sightsOf, urlsOf } from "./dashboard/urls.ts";
import { WireClient } from "./dashboard/wire.ts";

const MAX_MEDIAN_MS = 8;
const MAX_P99_MS = 20;
const MAX_RATIO = 1.3;
const MIN_PAGES_PER_SECOND = 250;
const MAX_FIRST_PAGE_BYTES = 60_000;
const MAX_LATENCY_MS = 2000;

interface Options {
  large: string;
  small: string;
  parts: string[];
  page: string;
  requests: number;
  seconds: number;
  json: boolean;
}

interface Results {
  pages: PageTimes[];
  load: { anew: LoadResult; kept: LoadResult } | null;
  firstPage: FirstPage | null;
  live: LiveResult | null;
  /** Routes for which no URL is known here. */
  notMeasured: string[];
}

function readOptions(): Options {
  const given = parseArgs(Deno.args, {
    string: ["large", "small", "parts", "page", "requests", "seconds"],
    boolean: ["json"],
  });
  if (given.large === undefined || given.small === undefined) {
    print(
      "Usage: dashboard_bench.ts --large <path> --small <path> [--parts …] [--page …] [--json]",
    );
    Deno.exit(2);
  }
  return {
    large: String(given.large),
    small: String(given.small),
    parts: String(given.parts ?? "pages,load,wire,live").split(","),
    page: String(given.page ?? ""),
    requests: Number(given.requests ?? 300),
    seconds: Number(given.seconds ?? 10),
    json: given.json === true,
  };
}

/** The pages that both stores have, those of one name together. */
async function pairsOf(large: OpenDashboard, small: OpenDashboard, only: string) {
  const ofLarge = urlsOf(large.routes, await sightsOf(large.store));
  const ofSmall = urlsOf(small.routes, await sightsOf(small.store));
  const pairs = ofLarge.pages.flatMap((page): PagePair[] => {
    const same = ofSmall.pages.find(({ name }) => name === page.name);
    return same && page.name.startsWith(only) ? [{ large: page, small: same }] : [];
  });
  return { pairs, unknown: ofLarge.unknown };
}

async function measure(options: Options): Promise<Results> {
  const { parts, requests, seconds } = options;
  const results: Results = { pages: [], load: null, firstPage: null, live: null, notMeasured: [] };
  {
    using large = await openDashboard(options.large);
    using small = await openDashboard(options.small);
    const { pairs, unknown } = await pairsOf(large, small, options.page);
    results.notMeasured = unknown;
    await using servedLarge = await serveStore(options.large);
    await using servedSmall = await serveStore(options.small);
    if (parts.includes("pages")) {
      using largeClient = await WireClient.connect(servedLarge.port);
      using smallClient = await WireClient.connect(servedSmall.port);
      const stores = {
        large: { dashboard: large, client: largeClient },
        small: { dashboard: small, client: smallClient },
      };
      for (const pair of pairs) results.pages.push(await measurePage(pair, stores, requests));
    }
    const pages = pairs.map((pair) => pair.large)
      .filter(({ name }) => !results.pages.some((page) => page.page === name && page.problem));
    const { port } = servedLarge;
    if (parts.includes("load")) {
      const load = (anew: boolean) => measureLoad(port, pages, { seconds, anew });
      await measureLoad(port, pages, { seconds: 2, anew: true });
      results.load = { anew: await load(true), kept: await load(false) };
    }
    if (parts.includes("wire")) results.firstPage = await measureFirstPage(port, "/");
  }
  if (parts.includes("live")) results.live = await measureLive(options.large);
  return results;
}

function verdictsOf({ pages, load, firstPage, live, notMeasured }: Results): Verdict[] {
  const verdicts: Verdict[] = [];
  const worst = (limit: string, unit: string, max: number, value: (page: PageTimes) => number) => {
    const found = pages.map((page) => ({ page, value: value(page) }))
      .sort((a, b) => b.value - a.value);
    const over = found.filter(({ page, value }) => page.problem !== null || !(value <= max));
    if (found[0] === undefined) return;
    verdicts.push({
      limit,
      found: `worst ${found[0].value.toFixed(2)}${unit} (${found[0].page.page}); ` +
        `${over.length} of ${pages.length} pages over`,
      holds: over.length === 0,
    });
  };
  const slower = (side: (page: PageTimes) => PageTimes["socket"], name: string) => {
    worst(
      `${name}: median < ${MAX_MEDIAN_MS} ms`,
      " ms",
      MAX_MEDIAN_MS,
      (p) => side(p).large.median,
    );
    worst(`${name}: p99 < ${MAX_P99_MS} ms`, " ms", MAX_P99_MS, (p) => side(p).large.p99);
    worst(
      `${name}: within ${MAX_RATIO} × of the small store`,
      " ×",
      MAX_RATIO,
      (p) => side(p).ratio,
    );
  };
  slower((page) => page.inProcess, "in process");
  slower((page) => page.socket, "over a socket");
  if (pages.length > 0) {
    verdicts.push({
      limit: "every page is measured",
      found: notMeasured.join(", ") || "all are",
      holds: notMeasured.length === 0,
    });
  }
  for (const [name, result] of Object.entries(load ?? {})) {
    verdicts.push({
      limit:
        `20 in flight, ${name === "anew" ? "each rendered anew" : "from the cache of pages"}: ` +
        `≥ ${MIN_PAGES_PER_SECOND} pages/s`,
      found: `${result.pagesPerSecond.toFixed(0)} pages/s, median ${
        result.medianMs.toFixed(0)
      } ms, p99 ${result.p99Ms.toFixed(0)} ms`,
      holds: result.pagesPerSecond >= MIN_PAGES_PER_SECOND,
    });
  }
  if (firstPage) {
    verdicts.push({
      limit: `first page < ${MAX_FIRST_PAGE_BYTES} bytes on the wire`,
      found: `${firstPage.bytes}: ${
        firstPage.files.map(({ path, bytes }) => `${path.replace(/\..*\./, ".")} ${bytes}`).join(
          ", ",
        )
      }`,
      holds: firstPage.bytes < MAX_FIRST_PAGE_BYTES,
    });
  }
  if (live) {
    const { complete, clients, events, returned, latencyMs, problems } = live;
    verdicts.push({
      limit: `${clients} live clients get every event once, in order`,
      found: `${complete} did, of ${events} events; ${returned} of them came back midway` +
        (problems[0] ? `; ${problems[0]}` : ""),
      holds: complete === clients && returned > 0,
    }, {
      limit: `an event of another process is heard within ${MAX_LATENCY_MS} ms`,
      found: `median ${latencyMs.median} ms, p99 ${latencyMs.p99} ms, longest ${latencyMs.max} ms`,
      holds: latencyMs.max <= MAX_LATENCY_MS,
    });
  }
  return verdicts;
}

function pageTable(pages: readonly PageTimes[]): string {
  const ms = (value: number) => Number.isNaN(value) ? "–" : value.toFixed(2);
  const times = ({ large, small, ratio }: PageTimes["socket"]) => [
    ms(large.median),
    ms(large.p99),
    ms(small.median),
    ms(ratio),
  ];
  const head = ["page (ms)", "first", "median", "p99", "small", "ratio"];
  return table(
    [...head, "| socket", "p99", "small", "ratio", "| cpu", "kept", "p99", "bytes", ""],
    pages.map((page) => [
      page.page,
      ms(page.firstMs),
      ...times(page.inProcess),
      ...times(page.socket),
      ms(page.cpuMs),
      ms(page.keptMs.median),
      ms(page.keptMs.p99),
      String(page.htmlBytes),
      page.problem ?? "",
    ]),
  );
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

const options = readOptions();
const results = await measure(options);
const verdicts = verdictsOf(results);
if (options.json) {
  print(JSON.stringify({ ...results, verdicts, load_average: Deno.loadavg() }, null, 1));
} else {
  if (results.pages.length > 0) print(pageTable(results.pages) + "\n");
  print(
    table(
      ["limit", "", ""],
      verdicts.map((v) => [v.limit, v.holds ? "holds " : "MISSED", v.found]),
    ),
  );
  print(
    `load average ${
      Deno.loadavg().map((load) => load.toFixed(1)).join(" ")
    } on ${navigator.hardwareConcurrency} cores`,
  );
}
Deno.exit(verdicts.every((verdict) => verdict.holds) ? 0 : 1);
