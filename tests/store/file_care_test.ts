// What is told of the file behind a store: damage, and nothing else as damage.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../../src/domain/errors.ts";
import { pageProblems } from "../../src/store/file_care.ts";
import { Store } from "../../src/store/kv.ts";

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "anomaly_file_care_" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("pageProblems() finds nothing wrong with a store, nor with one that nobody has written to", () =>
  withFolder(async (folder) => {
    (await Store.open(`${folder}/registry.kv`))[Symbol.dispose]();
    await Deno.writeTextFile(`${folder}/empty.kv`, "");
    for (const name of ["registry.kv", "empty.kv"]) {
      assertEquals(await pageProblems(`${folder}/${name}`), [], name);
    }
  }));

Deno.test("pageProblems() names what is no database, and what is another program's", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/text.kv`, "no database, for all its length\n".repeat(99));
    assertEquals(await pageProblems(`${folder}/text.kv`), ["file is not a database"]);
    {
      using other = new DatabaseSync(`${folder}/other.db`);
      other.exec("CREATE TABLE bookmarks (url TEXT)");
    }
    assertEquals(await pageProblems(`${folder}/other.db`), ["a database of another program"]);
  }));

Deno.test("pageProblems() does not call a file damaged that it cannot open", () =>
  withFolder(async (folder) => {
    const error = await assertRejects(() => pageProblems(folder), AppError);
    assertEquals(error.code, "unavailable");
    assertStringIncludes(error.message, "unable to open database file");
  }));
