/// <reference lib="dom" />
// What the one script adds, and what a keyboard alone can do.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import type { Checks } from "./checks.ts";
import { REFUSED } from "./stores.ts";
import { NARROW } from "./every_page.ts";
import type { Witness } from "./witness.ts";

/** Presses after which every main action must have had the focus. */
const MAX_TABS = 200;

export async function checkControls(
  checks: Checks,
  witness: Witness,
  origin: string,
): Promise<void> {
  checks.heading("controls and keyboard");
  const context = await witness.context();
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  const page = await context.newPage();
  await checks.check("a copy button copies its command, and says so", () => copy(page, origin));
  await checks.check(
    "/ moves to the search field, but not while one writes",
    () => pressSlash(page, origin),
  );
  await checks.check("another branch is chosen without a button", async () => {
    await page.goto(`${origin}/models`);
    assertEquals(await page.getByRole("button", { name: "Go" }).count(), 0);
    await page.locator('select[name="branch"]').selectOption("other");
    await page.waitForURL(/\/models\?branch=other$/);
  });
  await checks.check(
    "the theme link turns the page dark and back, and later pages stay so",
    () => turnTheme(page, origin),
  );
  await checks.check("the first tab stop leads to the content", async () => {
    await page.goto(origin);
    await page.keyboard.press("Tab");
    assertEquals(await focused(page), "Skip to content");
    await page.keyboard.press("Enter");
    assertEquals(await page.evaluate(() => document.activeElement?.id), "main");
  });
  for (const viewport of [{ width: 1440, height: 900 }, NARROW]) {
    await checks.check(
      `at ${viewport.width} px the keyboard reaches every action, and shows where it is`,
      () => tabThrough(page, origin, viewport),
    );
  }
  await checks.check("controls warn of nothing and ask nothing elsewhere", () => {
    assertEquals(witness.take(), []);
    return Promise.resolve();
  });
  await context.close();
  await checks.check(
    "a page may not load what is elsewhere",
    () =>
      witness.expecting(
        /Content Security Policy|elsewhere\.invalid/,
        () => tryElsewhere(witness, origin),
      ),
  );
}

/** What the focused element is called. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
}

async function copy(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/models/${REFUSED}`);
  const button = page.locator("[data-copy]:visible").first();
  const command = await button.getAttribute("data-copy");
  await button.click();
  await page.locator("[data-copy]", { hasText: "Copied" }).first().waitFor();
  assertEquals(await page.evaluate(() => navigator.clipboard.readText()), command);
  assertMatch(command ?? "", /^\.\/anomaly .* --branch demo$/);
}

async function pressSlash(page: Page, origin: string): Promise<void> {
  await page.goto(origin);
  await page.keyboard.press("/");
  assertEquals(await page.evaluate(() => document.activeElement?.id), "q");
  await page.keyboard.type("run 1/2");
  assertEquals(await page.locator("#q").inputValue(), "run 1/2");
}

async function turnTheme(page: Page, origin: string): Promise<void> {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.goto(`${origin}/models?status=candidate`);
  const light = await background();
  await page.getByRole("link", { name: /^Theme/ }).click();
  await page.locator('html[data-theme="dark"]').waitFor();
  assertEquals(new URL(page.url()).search, "?status=candidate", "the address stays as it was");
  const dark = await background();
  assert(light !== dark, light);
  await page.goto(`${origin}/runs`);
  assertEquals(await background(), dark);
  await page.getByRole("link", { name: /^Theme/ }).click();
  await page.locator('html[data-theme="light"]').waitFor();
  assertEquals(await background(), light);
}

/** Every link, field and button of the page gets the focus in turn, with an outline of its own. */
async function tabThrough(
  page: Page,
  origin: string,
  viewport: { width: number; height: number },
): Promise<void> {
  await page.setViewportSize(viewport);
  await page.goto(`${origin}/models/${REFUSED}`);
  const wanted = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("a[href], button, input, select, textarea, summary")]
      .filter((element) => element.checkVisibility() && element.tabIndex >= 0)
      .filter((element) => !element.matches(":disabled, [type=hidden]"))
      .map((element, i) => {
        element.dataset.stop = String(i);
        return element.outerHTML.slice(0, 90);
      })
  );
  const reached = new Set<number>();
  const unseen: string[] = [];
  for (let i = 0; i < MAX_TABS && reached.size < wanted.length; i++) {
    await page.keyboard.press("Tab");
    const { stop, isSeen, html } = await page.evaluate(() => {
      const element = document.activeElement as HTMLElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { width, height, right, bottom } = element.getBoundingClientRect();
      return {
        stop: element.dataset.stop,
        isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 && width > 0 &&
          height > 0 &&
          right > 0 && bottom > 0,
        html: element.outerHTML.slice(0, 90),
      };
    });
    if (stop !== undefined) reached.add(Number(stop));
    if (!isSeen && stop !== undefined) unseen.push(html);
  }
  assertEquals(wanted.filter((_, i) => !reached.has(i)), [], "not reached");
  assertEquals(unseen, [], "focused and not to be seen");
}

/** The policy refuses before anything is asked: a script, a picture, a frame, a request. */
async function tryElsewhere(witness: Witness, origin: string): Promise<void> {
  const context = await witness.context();
  const page = await context.newPage();
  await page.goto(origin);
  const refused = await page.evaluate(async () => {
    const elsewhere = "https://elsewhere.invalid/x";
    const directives: string[] = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      directives.push(event.effectiveDirective);
    });
    for (const name of ["script", "img", "iframe"]) {
      const element = document.createElement(name);
      element.setAttribute("src", elsewhere);
      document.body.append(element);
    }
    const inline = document.createElement("script");
    inline.textContent = "document.title = 'inline'";
    document.body.append(inline);
    await fetch(elsewhere).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
    return { directives: [...new Set(directives)].sort(), title: document.title };
  });
  const expected = ["connect-src", "frame-src", "img-src", "script-src-elem"];
  assertEquals(refused.directives, expected);
  assert(refused.title !== "inline");
  // What was refused is told late, and not after this.
  await context.close();
}
