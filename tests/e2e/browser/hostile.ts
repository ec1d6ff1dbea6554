/// <reference lib="dom" />
// A market whose coins are named to run, close, hide or turn something, and a dashboard that asks for its
// token: nothing of a name is ever more than text, and one gets in by the form alone.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import type { Checks } from "./checks.ts";
import { NARROW, tooWide, violations } from "./every_page.ts";
import axe from "axe-core";
import { HOSTILE } from "../../support/hostile.ts";
import { actIn, headingOf } from "./story.ts";
import type { Witness } from "./witness.ts";

/** Elements and attributes that no page of ours has, and names would bring. */
const FOREIGN =
  "main img, main script, main svg[onload], main [onerror], main [srcdoc], [href^='javascript:']";
/** Characters that hide or turn what stands beside them. */
const UNSEEN = ["\u200b", "\u202e", "\u202c", "\u0000", "\u0007"];

export async function checkHostileMarket(
  checks: Checks,
  witness: Witness,
  { origin, token }: { origin: string; token: string },
): Promise<void> {
  checks.heading("a market of hostile names, behind a token");
  const context = await witness.context();
  const page = await context.newPage();
  await checks.check("without the token one is asked for it, and led on afterwards", async () => {
    await page.goto(`${origin}/coins`);
    assertMatch(page.url(), /\/login\?next=%2Fcoins$/);
    await page.getByLabel("Token").fill("a wrong one");
    await witness.expecting(/status of 401/, async () => {
      await page.getByRole("button").click();
      assertMatch(await headingOf(page), /^Cannot log in/);
      await page.goto(`${origin}/coins`);
    });
    await page.getByLabel("Token").fill(token);
    await page.getByLabel("Your name").fill(HOSTILE[0]!);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.waitForURL(/\/coins$/);
  });
  await checks.check(
    "an act keeps the name of who logged in, and the reason, as text",
    async () => {
      await page.goto(`${origin}/models/2`);
      const mayForce = await page.getByRole("button", { name: "Force v2" }).count() > 0;
      const button = `${mayForce ? "Force" : "Promote"} v2`;
      await actIn(page, { panel: "#promote", button, reason: HOSTILE[1]! });
      const history = await page.locator("#history").innerText();
      assert(history.includes(HOSTILE[1]!) && history.includes(HOSTILE[0]!), history);
    },
  );
  await checks.check("the list of coins has every name as it was given", async () => {
    await page.goto(`${origin}/coins`);
    const text = await page.locator("main").innerText();
    const plain = HOSTILE.filter((name) => /^[\x20-\x7e]{1,60}$/.test(name));
    assertEquals(plain.filter((name) => !text.includes(name)), []);
    assert(plain.length >= 5, plain.join());
  });
  const paths = await checkedPaths(page, origin);
  for (const path of paths) {
    await checks.check(
      `names are text on ${path.slice(0, 60)}`,
      () => lookForHarm(page, witness, origin + path),
    );
  }
  await checks.check("one logs out by a button, and is asked again", async () => {
    await page.goto(origin);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.goto(`${origin}/models`);
    assertMatch(page.url(), /\/login/);
  });
  await context.close();
}

/** The pages that show coins, reasons or names, and the page of every hostile coin. */
async function checkedPaths(page: Page, origin: string): Promise<string[]> {
  const read = async (path: string) => await (await page.request.get(origin + path)).json();
  const { coins } = (await read("/coins.json")).live;
  const { runs } = await read("/runs.json?flow=score");
  const ids = (coins as { coin_id: string }[]).map(({ coin_id }) => coin_id);
  const some = HOSTILE.map((name) => ids.find((id) => id.startsWith(name.slice(0, 10))))
    .filter((id) => id !== undefined);
  assert(some.length >= HOSTILE.length - 2, `${some.length} of the hostile coins are listed`);
  return [
    "/",
    "/predictions",
    "/predictions/live",
    "/coins",
    ...some.map((id) => `/coins/${encodeURIComponent(id)}`),
    "/data/market_snapshot/latest",
    "/models",
    "/models/1",
    "/models/2",
    "/events",
    "/audit",
    `/runs/${runs[0].id}`,
    `/search?q=${encodeURIComponent(HOSTILE[0]!)}`,
    `/search?q=${encodeURIComponent(HOSTILE[5]!)}`,
  ];
}

async function lookForHarm(page: Page, witness: Witness, url: string): Promise<void> {
  await page.setViewportSize({ width: 1440, height: 900 });
  const response = await page.goto(url);
  assertEquals(response?.status(), 200, url);
  assertEquals(await page.locator(FOREIGN).count(), 0, "elements of a name");
  const text = await page.locator("body").innerText();
  assertEquals(UNSEEN.filter((character) => text.includes(character)), []);
  await page.evaluate(axe.source);
  const found = await violations(page);
  await page.setViewportSize(NARROW);
  found.push(...await tooWide(page, NARROW.width));
  assertEquals([...found, ...witness.take()], []);
}
