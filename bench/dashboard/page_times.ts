// How long one page takes, alone: in this process and over a socket, rendered anew and kept, on the large
// store and the small one in turn.

import process from "node:process";
import type { OpenDashboard } from "./in_process.ts";
import { percentile, type Times, timesOf } from "./numbers.ts";
import { type PageUrl, renderedAnew } from "./urls.ts";
import type { WireClient } from "./wire.ts";

const WARM_UP = 20;
const CPU_REQUESTS = 100;

export interface PageTimes {
  page: string;
  url: string;
  /** The very first request for it, with nothing read before, ms. */
  firstMs: number;
  inProcess: { large: Times; small: Times; ratio: number };
  socket: { large: Times; small: Times; ratio: number };
  /** Of the processor, for one request that is rendered anew: the mean, threads of the store included. */
  cpuMs: number;
  /** In this process, from the cache of pages. */
  keptMs: Times;
  htmlBytes: number;
  /** Why it could not be measured. */
  problem: string | null;
}

/** The same page of both stores. */
export interface PagePair {
  large: PageUrl;
  small: PageUrl;
}

/** A request, and how long it took, ms. */
type Ask = (path: string) => Promise<number>;

export async function measurePage(
  { large, small }: PagePair,
  stores: {
    large: { dashboard: OpenDashboard; client: WireClient };
    small: { dashboard: OpenDashboard; client: WireClient };
  },
  requests: number,
): Promise<PageTimes> {
  const none = { large: timesOf([]), small: timesOf([]), ratio: NaN };
  const result: PageTimes = {
    page: large.name,
    url: large.path,
    firstMs: NaN,
    inProcess: none,
    socket: none,
    cpuMs: NaN,
    keptMs: timesOf([]),
    htmlBytes: 0,
    problem: null,
  };
  try {
    const askLarge = inProcess(stores.large.dashboard);
    const askSmall = inProcess(stores.small.dashboard);
    result.firstMs = await askLarge(renderedAnew(large.path));
    result.htmlBytes = (await stores.large.client.get(large.path)).bytes;
    result.inProcess = await inTurn(askLarge, askSmall, { large, small }, requests);
    result.socket = await inTurn(
      overSocket(stores.large.client),
      overSocket(stores.small.client),
      { large, small },
      requests,
    );
    result.cpuMs = await cpuTime(() => askLarge(renderedAnew(large.path)));
    const kept: number[] = [];
    for (let i = 0; i < requests; i++) kept.push(await askLarge(large.path));
    result.keptMs = timesOf(kept);
  } catch (error) {
    result.problem = error instanceof Error ? error.message : String(error);
  }
  return result;
}

async function inTurn(large: Ask, small: Ask, pages: PagePair, requests: number) {
  const times = { large: [] as number[], small: [] as number[] };
  for (let i = -WARM_UP; i < requests; i++) {
    const largeMs = await large(renderedAnew(pages.large.path));
    const smallMs = await small(renderedAnew(pages.small.path));
    if (i < 0) continue;
    times.large.push(largeMs);
    times.small.push(smallMs);
  }
  const ratios = times.large.map((ms, i) => ms / times.small[i]!);
  return {
    large: timesOf(times.large),
    small: timesOf(times.small),
    ratio: percentile(ratios, 0.5),
  };
}

async function cpuTime(ask: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < CPU_REQUESTS; i++) await ask();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / CPU_REQUESTS;
}

function inProcess(dashboard: OpenDashboard): Ask {
  const headers = { accept: "text/html", "accept-encoding": "gzip" };
  return async (path) => {
    const request = new Request(`http://127.0.0.1${path}`, { headers });
    const start = performance.now();
    const response = await dashboard.fetch(request);
    await response.arrayBuffer();
    const ms = performance.now() - start;
    assertPage(path, response.status);
    return ms;
  };
}

function overSocket(client: WireClient): Ask {
  return async (path) => {
    const start = performance.now();
    const { status } = await client.get(path);
    const ms = performance.now() - start;
    assertPage(path, status);
    return ms;
  };
}

export function assertPage(path: string, status: number): void {
  if (status !== 200) throw new Error(`${path} answered ${status}, expected 200`);
}
