// Real processes that serve, killed and in numbers, for some seconds. The same for minutes: tests/e2e.

import { assert } from "@std/assert";
import { Mt19937 } from "../../src/random.ts";
import { withFolder } from "../support/market.ts";
import { servedFolder } from "../support/served_folder.ts";
import { killAgainAndAgain, shareOneStore } from "../support/soak.ts";

Deno.test("a serve that is killed again and again loses nothing, and does nothing twice", () =>
  withFolder(async (folder) => {
    const random = new Mt19937(3);
    const found = await killAgainAndAgain(folder, await servedFolder(folder), {
      kills: 4,
      random: () => random.random(),
    });
    assert(found.snapshots > 0, "it was killed at work");
  }));

Deno.test("two that serve one store take each slot once, with people typing beside them", () =>
  withFolder(async (folder) => {
    const options = { processes: 2, seconds: 8, speed: 3600 };
    const found = await shareOneStore(folder, await servedFolder(folder), options);
    assert(found.slots > 2, `${found.slots} slots`);
  }));
