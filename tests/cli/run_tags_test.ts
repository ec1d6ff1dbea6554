// Tags of runs as a user gives and takes them, where they meet aliases and the program's own tags.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { stageTag } from "../../src/registry/runs.ts";
import { Store } from "../../src/store/kv.ts";
import { judgeModel, memoryRegistry, promote, trainModel } from "../support/registry.ts";
import { type Terminal, withTerminal } from "./app.ts";

const BRANCH = "user.tester";

/** Two trained models on the terminal's branch, of which the second is judged. */
async function withModels(terminal: Terminal): Promise<void> {
  using store = await Store.open(terminal.kv);
  using registry = await memoryRegistry({ branch: BRANCH, store });
  await trainModel(registry);
  await judgeModel(registry, await trainModel(registry));
}

Deno.test("a tag cannot claim an alias that is promoted later: it has to go, and then it can", async () => {
  await withTerminal(async (terminal) => {
    const { run, text, json } = terminal;
    await withModels(terminal);
    await text("runs", "tag", "1", "prod");
    for (const mode of [["--dry_run"], []]) {
      const { code, stderr } = await run("promote", "--version", "2", "--alias", "prod", ...mode);
      assertEquals(code, 5);
      assertStringIncludes(stderr, "Next: anomaly runs untag 1 prod");
    }
    assertEquals((await json<unknown[]>("runs", "list")).length, 2, "refused before a run begins");
    await text("runs", "untag", "1", "prod");
    await text("promote", "--version", "2", "--alias", "prod", "--quiet");
    const runs = await json<{ id: number }[]>("runs", "list", "--flow", "train", "--tag", "prod");
    assertEquals(runs.map(({ id }) => id), [2]);
    assertEquals((await run("runs", "tag", "1", "prod")).code, 5);
    assertEquals((await run("runs", "untag", "2", "prod")).code, 5);
  });
});

Deno.test("a tag is refused whose name becomes an alias just before the tag is written", async () => {
  await withTerminal(async (terminal) => {
    await withModels(terminal);
    terminal.app.openStore = async (path) => {
      const store = await Store.open(path);
      const { commit } = store;
      store.commit = async (scope, build) => {
        store.commit = commit;
        using registry = await memoryRegistry({ branch: BRANCH, store });
        await promote(registry, 2, { alias: "prod" });
        return await store.commit(scope, build);
      };
      return store;
    };
    const { code, stderr } = await terminal.run("runs", "tag", "1", "prod");
    assertEquals(code, 5);
    assertStringIncludes(stderr, "only a promotion gives and takes");
  });
});

Deno.test("the program's own tags stay, also on a run with more tags than a list shows", async () => {
  await withTerminal(async (terminal) => {
    await withModels(terminal);
    {
      using store = await Store.open(terminal.kv);
      using registry = await memoryRegistry({ branch: BRANCH, store });
      await store.commit(registry.scopes.write, async (tx) => {
        for (let i = 0; i < 120; i++) {
          await stageTag(registry, tx, { id: 1, flow: "train" }, `A${i}`, false);
        }
      });
    }
    const system = await terminal.run("runs", "untag", "1", "user:tester");
    assertEquals(system.code, 5);
    assertStringIncludes(system.stderr, "the program set it itself");
    assertEquals((await terminal.run("runs", "tag", "1", "user:tester")).code, 2);
  });
});
