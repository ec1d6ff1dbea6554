import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { flows } from "../../flows/mod.ts";
import { AppError } from "../../src/domain/errors.ts";
import type { EventName } from "../../src/domain/run.ts";
import { ORIGINAL_FLOW_NAMES } from "../../src/domain/names.ts";
import {
  defineFlow,
  defineFlows,
  findFlow,
  type Flow,
  lintFlow,
  lintFlows,
} from "../../src/engine/flow.ts";
import { NO_WORDS } from "../support/no_words.ts";

interface FlowSketch {
  name: string;
  originalName?: string;
  publishes?: EventName[];
  on?: EventName[];
  steps?: string[];
}

/** A flow that does nothing, to be linted. */
function sketch({ name, originalName, publishes = [], on = [], steps = ["one"] }: FlowSketch) {
  return {
    ...defineFlow({
      name: "sketch",
      originalName: "SketchFlow",
      ...NO_WORDS,
      publishes,
      on: on.map((event) => ({ event, bind: () => ({}) })),
      params: z.strictObject({}),
    }).step("one", () => Promise.resolve({})).build(),
    name,
    originalName: originalName ?? `${name[0]!.toUpperCase()}${name.slice(1).replace("_", "")}Flow`,
    steps: steps.map((step) => ({ name: step, run: () => Promise.resolve({}) })),
  } satisfies Flow;
}

Deno.test("lintFlow() finds wrong names, missing steps and steps of one name", () => {
  assertEquals(lintFlow(sketch({ name: "train_it" })), []);
  const problems: [FlowSketch, string][] = [
    [{ name: "TrainIt" }, "not snake_case"],
    [{ name: "train-it", originalName: "TrainItFlow" }, "not snake_case"],
    [{ name: "train", originalName: "Trainer" }, "does not end in Flow"],
    [{ name: "train", steps: [] }, "no steps"],
    [{ name: "train", steps: ["a", "b", "a"] }, 'two steps named "a"'],
  ];
  for (const [given, problem] of problems) {
    const found = lintFlow(sketch(given));
    assertEquals(found.length, 1, JSON.stringify(given));
    assertStringIncludes(found[0]!, problem);
  }
});

Deno.test("build() refuses a flow that the lint finds fault with", () => {
  const head = {
    name: "no_steps",
    originalName: "NoStepsFlow",
    ...NO_WORDS,
    publishes: [],
    params: z.strictObject({}),
  };
  assertThrows(() => defineFlow(head).build(), AppError, "Cannot define flow no_steps");
});

Deno.test("lintFlows() finds names that are used twice", () => {
  const twice = [sketch({ name: "a" }), sketch({ name: "a", originalName: "OtherFlow" })];
  assertEquals(lintFlows(twice), ["two flows are named a"]);
});

Deno.test("lintFlows() finds a trigger whose event nobody publishes", () => {
  const flow = sketch({ name: "a", on: ["dataset_ready"] });
  assertEquals(lintFlows([flow]), ["a: nobody publishes dataset_ready"]);
});

Deno.test("lintFlows() finds events that lead back to the flow that publishes them", () => {
  const loop = [
    sketch({ name: "a", publishes: ["dataset_ready"], on: ["model_promoted"] }),
    sketch({ name: "b", publishes: ["model_registered"], on: ["dataset_ready"] }),
    sketch({ name: "c", publishes: ["model_promoted"], on: ["model_registered"] }),
  ];
  assertEquals(lintFlows(loop), ["a", "b", "c"].map((name) => `${name}: its events start itself`));
  assertEquals(lintFlows([loop[1]!, { ...loop[0]!, on: [] }]), []);
});

Deno.test("the flows of this program have no problems", () => {
  assertEquals(lintFlows(flows), []);
});

Deno.test("defineFlows() gives no table of flows that something is wrong with", () => {
  const loop = [sketch({ name: "a", publishes: ["dataset_ready"], on: ["dataset_ready"] })];
  const error = assertThrows(() => defineFlows(loop), AppError, "a: its events start itself");
  assertEquals(error.code, "internal");
  const fine = [sketch({ name: "a" })];
  assertEquals(defineFlows(fine), fine);
});

Deno.test("findFlow() knows a flow by both of its names, and lists them all for any other", () => {
  for (const flow of flows) {
    assertEquals(findFlow(flows, flow.name), flow);
    assertEquals(findFlow(flows, flow.originalName), flow);
  }
  const error = assertThrows(() => findFlow(flows, "trian"), AppError);
  assertEquals(error.code, "invalid");
  for (const flow of flows) assertStringIncludes(error.message, flow.name);
});

Deno.test("the table of names has the original's name of every flow of the table", () => {
  const names = Object.fromEntries(flows.map((flow) => [flow.originalName, flow.name]));
  assertEquals(ORIGINAL_FLOW_NAMES, names);
});
