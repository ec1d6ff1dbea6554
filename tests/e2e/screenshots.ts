// Takes the pictures of docs/screenshots: every page in both themes at 1440 px, two at 360 px, of the demo
// on the simulated market.
//
// Usage: deno run --allow-all tests/e2e/screenshots.ts [folder] [store of a demo, instead of a new one]

import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { chromiumPath, withBrowser } from "../support/browser.ts";
import { serveProcess } from "../support/processes.ts";
import { knownOf } from "./browser/addresses.ts";
import { allAddresses, NARROW } from "./browser/every_page.ts";
import { withPalette } from "./browser/png_palette.ts";
import { anomaly, BRANCH, makeDemoStore, PROMOTABLE, REFUSED } from "./browser/stores.ts";

const WIDTH = 1440;
/** Until frames have taken the size that they are given. */
const SETTLE_MS = 300;
/** What is below is more of the same, in a picture that is to be glanced at. */
const MAX_HEIGHT = 1600;
const NARROW_HEIGHT = 1400;
const ON_A_PHONE = ["overview", "model-refused"];
/** One for each page, and two where it has two faces. */
const PICTURED = [
  "overview",
  "data",
  "data-asset",
  "data-dataset",
  "data-snapshot",
  "models",
  "model-refused",
  "model-champion",
  "compare",
  "lineage",
  "runs",
  "run-evaluate",
  "log",
  "cards",
  "flows",
  "flow-promote",
  "predictions",
  "predictions-live",
  "coins",
  "coin",
  "events",
  "audit",
  "features",
  "search",
  "api",
  "login",
  "refusal",
  "empty",
];

async function takeAll(browser: Browser, origin: string, folder: string): Promise<void> {
  const addresses = allAddresses(await knownOf(origin));
  for (const colorScheme of ["light", "dark"] as const) {
    const context = await browser.newContext({ colorScheme, reducedMotion: "reduce" });
    const page = await context.newPage();
    const take = async (name: string, size: { width: number; height: number }, most: number) => {
      await page.setViewportSize(size);
      await page.goto(origin + addresses[name]!);
      // Cards size themselves in their frames.
      await page.waitForLoadState("load");
      const height = await page.evaluate("document.scrollingElement.scrollHeight") as number;
      const suffix = size.width === WIDTH ? "" : `-${size.width}`;
      // Of a page that is higher than the window, frames would be painted half.
      await page.setViewportSize({ width: size.width, height: Math.min(height, most) });
      await page.waitForTimeout(SETTLE_MS);
      const png = await page.screenshot();
      await Deno.writeFile(`${folder}/${name}${suffix}-${colorScheme}.png`, withPalette(png));
    };
    for (const name of PICTURED) await take(name, { width: WIDTH, height: 900 }, MAX_HEIGHT);
    for (const name of ON_A_PHONE) await take(name, NARROW, NARROW_HEIGHT);
    await context.close();
  }
}

/** Something to read about in the histories, which leaves the champion where it is. */
async function giveHistory(kv: string): Promise<void> {
  const give = (version: number, alias: string, reason: string, ...more: string[]) => {
    const words = ["--version", String(version), "--alias", alias, "--reason", reason, ...more];
    return anomaly(kv, ["promote", ...words, "--branch", BRANCH]);
  };
  await give(PROMOTABLE, "staging", "flags half as much");
  await give(REFUSED, "challenger-a", "is it better on a week of shadow?", "--force");
}

const [asked = "docs/screenshots", given] = Deno.args;
const folder = resolve(asked);
const chromium = chromiumPath();
if (chromium === null) Deno.exit(1);
const temporary = await Deno.makeTempDir({ prefix: "anomaly_screenshots_" });
try {
  // A short name: it is part of the commands that pages show.
  const kv = given ?? "demo.kv";
  if (given === undefined) Deno.chdir(temporary);
  if (given === undefined) {
    await makeDemoStore(kv, []);
    await giveHistory(kv);
  }
  await using served = await serveProcess({
    cwd: Deno.cwd(),
    env: {},
    words: ["serve", "--kv", kv, "--branch", BRANCH, "--port", "0", "--no_schedules"],
  });
  await withBrowser(chromium, (browser) => takeAll(browser, served.origin, folder));
} finally {
  await Deno.remove(temporary, { recursive: true });
}
