// The same with JavaScript off: the story is read by links, forms act, and what needs a script hides.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import type { Checks } from "./checks.ts";
import { BRANCH, CHAMPION, PROMOTABLE, REFUSED } from "./stores.ts";
import { actIn, championIn, headingOf, walkToCompare } from "./story.ts";
import type { Witness } from "./witness.ts";

export async function checkWithoutScript(
  checks: Checks,
  witness: Witness,
  origin: string,
): Promise<void> {
  checks.heading("with JavaScript off");
  const context = await witness.context({ javaScriptEnabled: false });
  const page = await context.newPage();
  await checks.check("without a script the story reads from anomaly to comparison", async () => {
    await walkToCompare(page, origin);
    await page.goto(`${origin}/models/${REFUSED}`);
    assert(await page.getByRole("button", { name: `Promote v${REFUSED}` }).isDisabled());
  });
  await checks.check(
    "without a script a version is promoted and the alias rolled back",
    async () => {
      await page.goto(`${origin}/models/${PROMOTABLE}`);
      await actIn(page, { panel: "#promote", button: "Promote v3", reason: "by form alone" });
      assertEquals(await championIn(origin), PROMOTABLE);
      await page.goto(`${origin}/models/${PROMOTABLE}`);
      const act = { panel: "#rollback-champion", button: "Roll back to v1", reason: "and back" };
      await actIn(page, act);
      assertEquals(await championIn(origin), CHAMPION);
      await page.goto(origin);
      assertMatch(await page.locator("#champion .big").innerText(), /v1/);
    },
  );
  await checks.check(
    "without a script a flow is run from its form, and its run is shown",
    async () => {
      await page.goto(`${origin}/flows/evaluate`);
      await page.getByLabel("candidate_version").fill("v3");
      await page.getByRole("button", { name: "Run evaluate" }).click();
      assertMatch(page.url(), /\/runs\/\d+$/);
      assertMatch(await headingOf(page), /^Run \d+/);
    },
  );
  await checks.check(
    "without a script branch, search and theme have their buttons and links",
    () => useForms(page, origin),
  );
  await checks.check("without a script no button is shown that would do nothing", async () => {
    await page.goto(`${origin}/models/${REFUSED}`);
    assertEquals(await page.locator("[data-copy]:visible").count(), 0);
  });
  await checks.check("with JavaScript off nothing was asked elsewhere", () => {
    assertEquals(witness.take(), []);
    return Promise.resolve();
  });
  await context.close();
}

async function useForms(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/models`);
  await page.locator('select[name="branch"]').selectOption("other");
  await page.getByRole("button", { name: "Go" }).click();
  assertEquals(new URL(page.url()).search, "?branch=other");
  await page.locator(".nav a", { hasText: "Runs" }).click();
  assertEquals(new URL(page.url()).search, "?branch=other", "links stay on the branch");
  await page.goto(`${origin}/?branch=${BRANCH}`);
  await page.getByRole("searchbox").fill("v3");
  await page.getByRole("searchbox").press("Enter");
  assertMatch(page.url(), /\/search\?q=v3/);
  await page.getByRole("link", { name: /^Theme/ }).click();
  assertEquals(await page.locator('html[data-theme="dark"]').count(), 1);
  await page.goto(`${origin}/runs`);
  assertEquals(await page.locator('html[data-theme="dark"]').count(), 1, "kept in a cookie");
}
