// Twenty who ask for pages at once, and what the first page of a visitor costs.

import { gunzipSync } from "node:zlib";
import { percentile } from "./numbers.ts";
import { assertPage } from "./page_times.ts";
import { type PageUrl, renderedAnew } from "./urls.ts";
import { WireClient } from "./wire.ts";

const IN_FLIGHT = 20;

export interface LoadResult {
  pagesPerSecond: number;
  medianMs: number;
  p99Ms: number;
}

/** All pages in turn, so many at once for so long; rendered anew, or as visitors ask for them. */
export async function measureLoad(
  port: number,
  pages: readonly PageUrl[],
  options: { seconds: number; anew: boolean },
): Promise<LoadResult> {
  const times: number[] = [];
  let next = 0;
  const until = performance.now() + options.seconds * 1000;
  const start = performance.now();
  await Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    using client = await WireClient.connect(port);
    while (performance.now() < until) {
      const { path } = pages[next++ % pages.length]!;
      const begun = performance.now();
      const { status } = await client.get(options.anew ? renderedAnew(path) : path);
      times.push(performance.now() - begun);
      assertPage(path, status);
    }
  }));
  const seconds = (performance.now() - start) / 1000;
  return {
    pagesPerSecond: times.length / seconds,
    medianMs: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
  };
}

export interface FirstPage {
  /** What was asked for, with its bytes on the wire, heads included. */
  files: { path: string; bytes: number }[];
  bytes: number;
}

/** A page with its stylesheet, script and icon, as a browser with an empty cache gets them. */
export async function measureFirstPage(port: number, path: string): Promise<FirstPage> {
  using client = await WireClient.connect(port);
  const page = await client.get(path);
  assertPage(path, page.status);
  const isZipped = /^content-encoding: gzip/im.test(page.headers);
  const html = new TextDecoder().decode(isZipped ? gunzipSync(page.body) : page.body);
  const linked = [...html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((match) => match[1]!);
  const files = [{ path, bytes: page.bytes }];
  for (const file of new Set(linked)) {
    const { status, bytes } = await client.get(file, { accept: "*/*" });
    assertPage(file, status);
    files.push({ path: file, bytes });
  }
  return { files, bytes: files.reduce((sum, file) => sum + file.bytes, 0) };
}
