// A line that is refused: the message to a person and to a script, the exit code, and that nothing is written.

import { assertEquals, assertMatch } from "@std/assert";
import { listing, type Terminal } from "./app.ts";

/** What is typed, and the whole message; `<folder>` is the terminal's. */
export type Case = readonly [line: string, message: string];

/** Lays the files that the tables name into the terminal's folder. */
export async function layFiles({ folder }: Terminal): Promise<void> {
  const files = {
    "contamination.json": '{"algorithm":"isolation_forest","contamination":0.9}',
    "algorithm.json": '{"algorithm":"one_class_svm"}',
    "malformed.json": '{"algorithm":}',
    "a_file": "a file where a folder is expected",
    "text.kv": "a text and no database. ".repeat(500),
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  await Deno.mkdir(`${folder}/empty`);
}

/**
 * Runs the line twice, for a person and for a script, and expects the message, the code, and a folder
 * that is as it was to the byte.
 */
export async function assertRefused(
  terminal: Terminal,
  [line, message]: Case,
  expected: { exitCode: number; code: string },
): Promise<void> {
  const { folder } = terminal;
  const words = line.replaceAll("<folder>", folder).split(" ");
  const before = await listing(folder);
  const forPerson = await terminal.run(...words);
  assertEquals(
    forPerson.stderr.replaceAll(folder, "<folder>"),
    `error: ${message}`,
    `anomaly ${line}`,
  );
  assertEquals([forPerson.code, forPerson.stdout], [expected.exitCode, ""], `anomaly ${line}`);
  assertMatch(message, /\b(See|Next): /, `anomaly ${line}: the message names a next step`);

  const forScript = await terminal.run("--json", ...words);
  const { error } = JSON.parse(forScript.stdout);
  assertEquals([forScript.code, forScript.stderr], [expected.exitCode, ""], `anomaly ${line}`);
  assertEquals(Object.keys(error), ["code", "message", "details"]);
  assertEquals(error.code, expected.code);
  assertEquals(error.message.replaceAll(folder, "<folder>"), message);
  assertEquals(await listing(folder), before, `anomaly ${line}: nothing is written`);
}
