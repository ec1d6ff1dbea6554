// Walks the dashboard of the real `serve` with a real browser: the story from an anomaly to a promotion
// and back, every page in both themes and at two widths, without a script, by keyboard, and on a market
// whose names would do harm. Where the machine has no Chromium it says so, and checks nothing.
//
// Usage: deno run --allow-all tests/e2e/browser_checks.ts [words of the checks to run]
// Prints a line for each check, and `N passed, N failed` last.

import { assert, assertEquals } from "@std/assert";
import { chromiumPath, withBrowser } from "../support/browser.ts";
import { serveProcess } from "../support/processes.ts";
import { knownOf } from "./browser/addresses.ts";
import { Checks } from "./browser/checks.ts";
import { checkControls } from "./browser/controls.ts";
import { checkEveryPage } from "./browser/every_page.ts";
import { checkHostileMarket } from "./browser/hostile.ts";
import { BRANCH, makeDemoStore, makeHostileStore } from "./browser/stores.ts";
import { walkStory } from "./browser/story.ts";
import { checkWithoutScript } from "./browser/without_script.ts";
import { Witness } from "./browser/witness.ts";

/** Long enough for flags that are decided, short enough to wait for. */
const DEMO = ["--hours", "160", "--num_coins", "60"];
const TOKEN = "a-token-that-nobody-guesses-0123456789";

async function main(checks: Checks, chromium: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "anomaly_browser_" });
  try {
    const demoKv = `${folder}/demo.kv`;
    const hostileKv = `${folder}/hostile.kv`;
    const recordings = `${folder}/recordings`;
    await Deno.mkdir(recordings);
    await Promise.all([makeDemoStore(demoKv, DEMO), makeHostileStore(hostileKv, recordings)]);
    const serve = (kv: string, env: Record<string, string> = {}) =>
      serveProcess({
        cwd: folder,
        env,
        words: ["serve", "--kv", kv, "--branch", BRANCH, "--port", "0", "--no_schedules"],
      });
    await using demo = await serve(demoKv);
    await using hostile = await serve(hostileKv, { ANOMALY_TOKEN: TOKEN });
    const origins = [demo.origin, hostile.origin];
    await withBrowser(chromium, async (browser) => {
      const witness = new Witness(browser, origins);
      await walkStory(checks, witness, demo.origin);
      await checkWithoutScript(checks, witness, demo.origin);
      await checkControls(checks, witness, demo.origin);
      await checkHostileMarket(checks, witness, { origin: hostile.origin, token: TOKEN });
      await checkEveryPage(checks, witness, demo.origin, await knownOf(demo.origin));
      await checks.check(`${witness.requests} requests: none left for another host`, () => {
        assert(witness.requests > 0);
        assertEquals(witness.take(), []);
        return Promise.resolve();
      });
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const checks = new Checks(Deno.args);
const chromium = chromiumPath();
if (chromium !== null) await main(checks, chromium);
checks.end();
Deno.exit(checks.failed === 0 ? 0 : 1);
