/// <reference lib="dom" />
// What must hold on every page, whatever it shows: axe finds nothing in either theme at either width,
// nothing is wider than a phone, and the way to the other pages stays in reach.

import { assertEquals } from "@std/assert";
import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { PAGES } from "../../../dashboard/pages/mod.ts";
import { type Addresses, addressesOf, type Known, otherAddresses } from "./addresses.ts";
import type { Checks } from "./checks.ts";
import type { Witness } from "./witness.ts";

export const NARROW = { width: 360, height: 740 };
const WIDE = { width: 1440, height: 900 };
/** Pages looked at side by side, on the two cores that CI has. */
const AT_ONCE = 2;

export async function checkEveryPage(
  checks: Checks,
  witness: Witness,
  origin: string,
  known: Known,
): Promise<void> {
  checks.heading("every page, in both themes, at 1440 px and 360 px");
  const table = addressesOf(known);
  await checks.check("every page has an address to be looked at", () => {
    assertEquals(Object.keys(table).sort(), PAGES.map(({ path }) => path).sort());
    return Promise.resolve();
  });
  const all = Object.entries(Object.assign({}, ...Object.values(table), otherAddresses()));
  const waiting = all as [name: string, path: string][];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    const context = await witness.context();
    const page = await context.newPage();
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [name, path] = next;
      await checks.check(`${name} (${path})`, () => lookAt(page, witness, origin + path));
    }
    await context.close();
  }));
  const context = await witness.context();
  const page = await context.newPage();
  for (const [flow, run] of Object.entries(known.runs)) {
    await checks.check(
      `the card of ${flow} (run ${run})`,
      () => lookAtCard(page, witness, `${origin}/runs/${run}/card`),
    );
  }
  await context.close();
}

/** A card runs no script, not even one that looks at it: the same bytes are looked at outside of it. */
async function lookAtCard(page: Page, witness: Witness, url: string): Promise<void> {
  const html = await (await fetch(url)).text();
  await page.goto("about:blank");
  await page.setContent(html);
  await lookAtBothWays(page, witness, url);
}

async function lookAt(page: Page, witness: Witness, url: string): Promise<void> {
  await page.setViewportSize(WIDE);
  await witness.expecting(/status of 404/, () => page.goto(url));
  await lookAtBothWays(page, witness, url);
}

async function lookAtBothWays(page: Page, witness: Witness, url: string): Promise<void> {
  await page.evaluate(axe.source);
  const wrong: string[] = [];
  for (const viewport of [WIDE, NARROW]) {
    await page.setViewportSize(viewport);
    wrong.push(...await tooWide(page, viewport.width));
    if (viewport === NARROW) wrong.push(...await outOfReach(page));
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const found = await violations(page);
      wrong.push(...found.map((one) => `${viewport.width} px, ${colorScheme}: ${one}`));
    }
  }
  assertEquals([...wrong, ...witness.take()], [], url);
}

/** Of the page itself; a card in its frame is a page of its own. */
export async function violations(page: Page): Promise<string[]> {
  const results = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(o: unknown): Promise<AxeResults> } };
    return await axe.run({ iframes: false, resultTypes: ["violations"] });
  });
  return results.violations.map(({ id, help, nodes }) =>
    `${id} (${help}): ${
      nodes.slice(0, 3).map(({ html, target }) => `${target.join(" ")} ${html.slice(0, 120)}`)
        .join(" | ")
    }`
  );
}

/** What makes the page wider than the screen, in the order of the document. */
export async function tooWide(page: Page, width: number): Promise<string[]> {
  return await page.evaluate((width) => {
    const { scrollWidth } = document.scrollingElement!;
    if (scrollWidth <= width) return [];
    const wide = [...document.querySelectorAll("body *")].filter((element) =>
      element.getBoundingClientRect().right > width + 0.5
    );
    const names = wide.slice(0, 4).map((element) => element.outerHTML.slice(0, 100));
    return [`${scrollWidth} px wide, expected ${width}: ${names.join(" | ")}`];
  }, width);
}

/** The links of the navigation that cannot be touched, where there is one; and tables that did not fold. */
async function outOfReach(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const unreachable = [...document.querySelectorAll("nav.nav a")].filter((link) => {
      link.scrollIntoView({ inline: "nearest", block: "nearest" });
      const { left, right, top, height } = link.getBoundingClientRect();
      const at = document.elementFromPoint((left + right) / 2, top + height / 2);
      return at !== link;
    });
    const unfolded = [...document.querySelectorAll("table.fold thead")].filter((head) =>
      head.getBoundingClientRect().width > 1 && getComputedStyle(head).position !== "absolute"
    );
    document.scrollingElement!.scrollTo(0, 0);
    return [
      ...unreachable.map((link) => `cannot reach ${link.textContent}`),
      ...unfolded.map((head) => `not folded: ${head.textContent?.slice(0, 60)}`),
    ];
  });
}

/** The addresses of both kinds, by the name of their picture. */
export function allAddresses(known: Known): Addresses {
  return Object.assign({}, ...Object.values(addressesOf(known)), otherAddresses());
}
