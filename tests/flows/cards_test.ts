import { assert, assertEquals } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import { findFlow } from "../../src/engine/flow.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { listRuns, listSteps } from "../../src/registry/runs.ts";
import { chromiumPath, withBrowser } from "../support/browser.ts";
import { HOSTILE } from "../support/hostile.ts";
import { withFolder } from "../support/market.ts";
import { memoryRegistry } from "../support/registry.ts";
import { LEARN_HOURS, marketRuns, writeStory } from "./predictions_market.ts";

/** All seven flows run on a market of hostile names; gives every flow's newest run. */
function withHostileRuns(
  work: (registry: RegistryContext, cardOf: (flow: string) => Promise<string>) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    await writeStory(folder, {
      hours: LEARN_HOURS + 30,
      // One is flagged and crashes; one is missed.
      quote: (coin, hour) => ({ price: hour > LEARN_HOURS + 10 && coin % 3 === 0 ? 70 : 100 }),
    });
    for await (const { name } of Deno.readDir(folder)) {
      const rows = JSON.parse(await Deno.readTextFile(`${folder}/${name}`));
      rows.forEach((row: Record<string, unknown>, i: number) => {
        const hostile = HOSTILE[i % HOSTILE.length]!;
        Object.assign(row, { id: `${hostile}${i}`, name: hostile, symbol: hostile });
      });
      rows.push({ id: HOSTILE[0], current_price: HOSTILE[1] });
      await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(rows));
    }
    using registry = await memoryRegistry();
    const market = marketRuns(registry, folder);
    await market.goOn(LEARN_HOURS, { isScored: false });
    await market.newHolder();
    await market.newHolder("challenger-x");
    await market.goOn(26);
    await market.run("validate_outcomes");
    await work(registry, async (name) => {
      const { write } = registry.scopes;
      const flow = findFlow(flows, name);
      const [run] = await listRuns(registry, write, { limit: 1, flow: flow.name });
      const steps = await listSteps(registry, write, run!.id);
      const artifacts = Object.assign({}, ...steps.map((step) => step.artifacts));
      return await flow.card!({ registry, run: run!, artifacts });
    });
  });
}

const VOID = ["meta", "br", "img", "input", "link", "hr"];

/** Elements that are opened and not closed, or closed and not open. */
function unbalanced(html: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const body = html.replace(/<style>[\s\S]*?<\/style>/, "");
  for (const [, close, name, selfClosed] of body.matchAll(/<(\/?)([a-zA-Z][\w-]*)[^>]*?(\/?)>/g)) {
    if (selfClosed || VOID.includes(name!)) continue;
    if (!close) open.push(name!);
    else if (open.pop() !== name) wrong.push(name!);
  }
  return [...wrong, ...open];
}

Deno.test("a card made twice has the same bytes, whatever the clock says", () =>
  withHostileRuns(async (registry, cardOf) => {
    for (const flow of flows) {
      const first = await cardOf(flow.name);
      registry.nowMs = () => Date.UTC(2030, 0, 1);
      assertEquals(await cardOf(flow.name), first, flow.name);
    }
  }));

Deno.test("a card of hostile names is well-formed, and has no element or character of theirs", () =>
  withHostileRuns(async (_registry, cardOf) => {
    for (const flow of flows) {
      const html = await cardOf(flow.name);
      assert(html.startsWith("<!DOCTYPE html>\n<html"), flow.name);
      assertEquals(unbalanced(html), [], flow.name);
      assertEquals(html.match(/<(script|img|iframe|object|embed|link|a)\b/g), null, flow.name);
      const tags = html.match(/<[a-z][^>]*>/gi)!.map((tag) => tag.replace(/"[^"]*"/g, ""));
      assertEquals(
        tags.filter((tag) => /\s(on\w+|href|src|srcdoc|style)\b/.test(tag)),
        [],
        flow.name,
      );
      const unseen = ["\u200b", "\u202e", "\u202c", "\u0000", "\u0007"];
      assertEquals(unseen.filter((character) => html.includes(character)), [], flow.name);
      assertEquals(html.match(/<title>/g)?.length, html.match(/<\/title>/g)?.length);
    }
  }));

const chromium = chromiumPath();

Deno.test({
  name: "in a real browser nothing of a hostile name runs, loads or shows as anything but text",
  ignore: chromium === null,
  fn: () =>
    withHostileRuns((_registry, cardOf) =>
      withBrowser(chromium!, async (browser) => {
        const page = await browser.newPage();
        const events: string[] = [];
        page.on("dialog", (dialog) => {
          events.push(`dialog ${dialog.message()}`);
          dialog.dismiss();
        });
        page.on("console", (message) => events.push(`console ${message.text()}`));
        page.on("pageerror", (error) => events.push(`error ${error.message}`));
        page.on("request", (request) => {
          if (!request.url().startsWith("file:")) events.push(`request ${request.url()}`);
        });
        const folder = await Deno.makeTempDir();
        for (const flow of flows) {
          const file = `${folder}/${flow.name}.html`;
          await Deno.writeTextFile(file, await cardOf(flow.name));
          await page.goto(`file://${file}`);
          const foreign = await page.locator("script, img, iframe, a, object").count();
          assertEquals(foreign, 0, flow.name);
        }
        await page.goto(`file://${folder}/ingest.html`);
        assert((await page.innerText("body")).includes("<img src=x onerror=alert(1)>"));
        await Deno.remove(folder, { recursive: true });
        assertEquals(events, []);
      })
    ),
});
