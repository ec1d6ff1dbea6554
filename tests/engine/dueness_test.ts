import { assertEquals } from "@std/assert";
import { flows } from "../../flows/mod.ts";
import { dueOf, startOf } from "../../src/engine/dueness.ts";
import { findFlow } from "../../src/engine/flow.ts";
import { testConfigs } from "../support/registry.ts";

const at = (time: string) => Date.parse(`2024-03-05T${time}.000Z`);

Deno.test("a flow is started by its schedule, by the events that it listens to, or by hand", () => {
  const start = (flow: string, schedule?: string, auto_promote = false) =>
    startOf(findFlow(flows, flow), { schedule, configs: testConfigs({ auto_promote }) });
  assertEquals(start("ingest", "0 * * * *"), { by: "schedule", expression: "0 * * * *" });
  assertEquals(start("ingest"), { by: "hand" });
  assertEquals(start("score"), { by: "event", events: ["snapshot_ready"] });
  assertEquals(start("train", "0 0 * * *").by, "schedule");
});

Deno.test("promote is for a person where nothing promotes by itself", () => {
  const promote = findFlow(flows, "promote");
  const start = (auto_promote: boolean) =>
    startOf(promote, { schedule: undefined, configs: testConfigs({ auto_promote }) });
  assertEquals(start(false), { by: "hand" });
  assertEquals(start(true), { by: "event", events: ["evaluation_passed"] });
});

Deno.test("a scheduled flow is due at the slot after its last run, and late a little after it", () => {
  const due = (last: string | null, now: string) => {
    const lastStartMs = last === null ? null : at(last);
    const found = dueOf("0 * * * *", { lastStartMs, nowMs: at(now) });
    return found && [new Date(found.dueMs).toISOString().slice(11, 16), found.isLate];
  };
  assertEquals(due("10:00:02", "10:40:00"), ["11:00", false]);
  assertEquals(due("10:00:02", "11:04:00"), ["11:00", false]);
  assertEquals(due("10:00:02", "11:06:00"), ["11:00", true]);
  assertEquals(due("10:00:02", "13:00:00"), ["11:00", true]);
  assertEquals(due(null, "10:40:00"), ["11:00", false]);
});
