/// <reference lib="dom" />
// The story that the dashboard is for, walked with a real browser: what is abnormal, which coin, which
// model said so, is there a better one, may it take over, and back. A second tab stays open and sees it
// happen.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page, Response } from "playwright-core";
import type { Checks } from "./checks.ts";
import { CHAMPION, PROMOTABLE, REFUSED } from "./stores.ts";
import type { Witness } from "./witness.ts";

const HEADING = "main h1";
/** What pages show of a change, they show within these of its end. */
const LIVE_MS = 2_000;

export const headingOf = (page: Page) => page.locator(HEADING).innerText();

export async function walkStory(checks: Checks, witness: Witness, origin: string): Promise<void> {
  checks.heading("the story");
  const context = await witness.context();
  const page = await context.newPage();
  await checks.check(
    "overview → anomaly → coin → the model that flagged it → compare",
    () => walkToCompare(page, origin),
  );
  await checks.check(
    "a version that fails a gate is refused, and the page says by what",
    () => meetRefusal(page, origin),
  );
  await checks.check(
    "the refusal holds for a form that is sent all the same",
    () => witness.expecting(/status of 422/, () => sendRefused(page, origin)),
  );
  const tab = await context.newPage();
  await checks.check(
    "a promotion is accepted with a reason, and a second tab shows it live",
    () => promoteSeenLive(page, tab, origin),
  );
  await checks.check(
    "a rollback with a reason gives the alias back, and the second tab shows it",
    () => rollBackSeenLive(page, tab, origin),
  );
  await checks.check(
    "events and audit tell of all of it, with who and why",
    () => readRecords(page, origin),
  );
  await checks.check("during the story nothing was asked elsewhere, warned of or thrown", () => {
    assertEquals(witness.take(), []);
    return Promise.resolve();
  });
  await context.close();
}

/** Each step by the link that a visitor would take; gives the coin that was looked at. */
export async function walkToCompare(page: Page, origin: string): Promise<void> {
  await page.goto(origin);
  assertMatch(await headingOf(page), /^\d+ of \d+ coins look abnormal$/);
  const coin = page.locator("#live tbody a.coin").first();
  const symbol = (await coin.innerText()).trim();
  await coin.click();
  await page.waitForURL(/\/coins\//);
  assertMatch(await headingOf(page), new RegExp(`^${symbol} looks abnormal: −\\d`));
  await page.locator(`main a[href^="/models/${CHAMPION}"]`).first().click();
  await page.waitForURL(/\/models\/\d+/);
  assertMatch(await headingOf(page), /^v1 is champion/);
  await page.locator('.nav a[href^="/models"]').click();
  await page.waitForURL(/\/models$/);
  await page.locator(`main a[href^="/models/compare"][href*="a=${PROMOTABLE}"]`).first().click();
  await page.waitForURL(/\/models\/compare/);
  const heading = await headingOf(page);
  assert(heading.includes("v3") && heading.includes("v1"), heading);
}

interface Gate {
  name: string;
  value: number;
  comparison: string;
  threshold: number;
  status: string;
}

async function failedGates(origin: string): Promise<Gate[]> {
  const twin = await (await fetch(`${origin}/models/${REFUSED}.json`)).json();
  const failed = (twin.gates as Gate[]).filter(({ status }) => status === "failed");
  assert(failed.length > 0, "the store has a version that fails a gate");
  return failed;
}

async function meetRefusal(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/models/${REFUSED}`);
  assertMatch(await headingOf(page), /^v2 fails \d+ of \d+ gates; v1 stays champion$/);
  const panel = (await page.locator("#promote").innerText()).replace(/\s+/g, " ");
  assertMatch(panel, /Refused/);
  for (const { name, value, comparison, threshold } of await failedGates(origin)) {
    const bound = Math.abs(threshold).toFixed(3);
    assert(panel.includes(name), `${name} in: ${panel}`);
    assert(panel.includes(Math.abs(value).toFixed(3)), `${value} in: ${panel}`);
    const sign = comparison === "<=" ? "≤" : "≥";
    assertMatch(panel, new RegExp(`expected ${sign}\\s?−?${bound.replace(/0+$/, "")}`));
  }
  assert(await page.getByRole("button", { name: `Promote v${REFUSED}` }).isDisabled());
}

async function sendRefused(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/models/${REFUSED}`);
  const button = page.getByRole("button", { name: `Promote v${REFUSED}` });
  await button.evaluate((element: HTMLButtonElement) => {
    element.disabled = false;
    element.form!.noValidate = true;
  });
  const response = await answerTo(page, () => button.click());
  assertEquals(response.status(), 422);
  const said = await page.locator("main").innerText();
  for (const { name } of await failedGates(origin)) assert(said.includes(name), said);
  assertEquals(await championIn(origin), CHAMPION);
}

/** The answer to a form: of its own address, before any redirect. */
export async function answerTo(page: Page, act: () => Promise<void>): Promise<Response> {
  const [response] = await Promise.all([
    page.waitForResponse((one) => one.request().method() === "POST"),
    act(),
  ]);
  await page.waitForLoadState();
  return response;
}

export async function championIn(origin: string): Promise<number> {
  return (await (await fetch(`${origin}/overview.json`)).json()).champion.entry.version;
}

/** Fills in the panel's reason and sends its form. */
export async function actIn(
  page: Page,
  { panel, button, reason }: { panel: string; button: string; reason: string },
): Promise<void> {
  const form = page.locator(panel);
  await form.getByLabel(/^Reason/).fill(reason);
  const response = await answerTo(page, () => form.getByRole("button", { name: button }).click());
  assertEquals(response.status(), 303, await page.locator("main").innerText());
}

/** Marks the document, so that one that was loaded anew is known by lacking it. */
async function openMarked(tab: Page, origin: string): Promise<void> {
  const listens = tab.waitForRequest(/\/live\?/);
  await tab.goto(origin);
  await listens;
  await tab.evaluate(() => void document.documentElement.setAttribute("data-marked", ""));
}

async function assertShownLive(tab: Page, version: number): Promise<void> {
  const champion = tab.locator("#champion .big", { hasText: `v${version}` });
  await champion.waitFor({ timeout: LIVE_MS });
  assertEquals(await tab.locator("html[data-marked]").count(), 1, "the tab was not loaded anew");
}

async function promoteSeenLive(page: Page, tab: Page, origin: string): Promise<void> {
  await openMarked(tab, origin);
  await page.goto(`${origin}/models/${PROMOTABLE}`);
  assertMatch(await headingOf(page), /^v3 may be promoted in place of v1$/);
  await actIn(page, { panel: "#promote", button: "Promote v3", reason: "flags less, as well" });
  await assertShownLive(tab, PROMOTABLE);
  assertMatch(await headingOf(page), /^v3 is champion/);
  assertMatch(await page.locator("#history").innerText(), /flags less, as well/);
}

async function rollBackSeenLive(page: Page, tab: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/models/${PROMOTABLE}`);
  const act = {
    panel: "#rollback-champion",
    button: "Roll back to v1",
    reason: "it was too quiet",
  };
  await actIn(page, act);
  await assertShownLive(tab, CHAMPION);
  assertMatch(await headingOf(page), /^v1 is champion/);
}

async function readRecords(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/audit`);
  const audit = await page.locator("main").innerText();
  for (const words of ["flags less, as well", "it was too quiet"]) {
    assert(audit.includes(words), `${words} in: ${audit}`);
  }
  await page.goto(`${origin}/events?name=decisions`);
  const events = await page.locator("main").innerText();
  assertMatch(events, /champion: v1 → v3/);
  assertMatch(events, /champion: v3 → v1/);
}
