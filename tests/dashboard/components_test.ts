// Words of runs: commands in messages, times, commands of flows.

import { assertEquals } from "@std/assert";
import { causeIn, commandIn } from "../../dashboard/components/run_words.tsx";
import { fileSize, took } from "../../dashboard/components/text.ts";

Deno.test("the command that a message advises is found, and the message without it", () => {
  const table: [message: string, command: string | null, cause: string][] = [
    ["Cannot do it: no. Next: anomaly ingest, once an hour", "ingest", "Cannot do it: no."],
    ["Cannot. See: anomaly runs show 12 --kv a.kv --branch demo", "runs show 12", "Cannot."],
    ["Cannot. Next: work on, see anomaly status", "status", "Cannot."],
    [
      "Cannot. Next: anomaly promote --run_id 12 --alias staging.",
      "promote --run_id 12 --alias staging",
      "Cannot.",
    ],
    ["Cannot. Next: anomaly promote --reason 'why not'", "promote --reason 'why not'", "Cannot."],
    ["Cannot read the anomaly of luna", null, "Cannot read the anomaly of luna"],
    // What a shell would take for more than words.
    ["Cannot. Next: anomaly ingest; rm -rf /", "ingest", "Cannot."],
    ["Cannot. Next: anomaly ingest $(rm) `rm` | sh > x && y", "ingest", "Cannot."],
    ["Cannot. Next: anomaly ingest\nrm -rf /", "ingest", "Cannot."],
  ];
  for (const [message, command, cause] of table) {
    assertEquals([commandIn(message), causeIn(message)], [command, cause], message);
  }
});

Deno.test("times and sizes have a unit, with a space that does not break", () => {
  const times = [null, 0, 14, 999, 1000, 59_940, 61_000, 3_725_000].map(took);
  assertEquals(times.map((text) => text.replaceAll("\u00a0", "_")), [
    "–",
    "0_ms",
    "14_ms",
    "999_ms",
    "1.0_s",
    "59.9_s",
    "1_min 1_s",
    "1_h 2_min",
  ]);
  const sizes = [0, 812, 1000, 25_045, 3_004_176].map(fileSize);
  assertEquals(sizes.map((text) => text.replaceAll("\u00a0", "_")), [
    "0_B",
    "812_B",
    "1_kB",
    "25_kB",
    "3.0_MB",
  ]);
});
