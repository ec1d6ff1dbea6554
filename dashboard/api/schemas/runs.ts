// Flows, runs, steps, logs, events and the audit log as the API answers them.

import { z } from "@hono/zod-openapi";
import { DELIVERY_STATES } from "../../../src/domain/durability.ts";
import { RUN_STATUSES } from "../../../src/domain/run.ts";
import { count, freeObject, id, orNull, time } from "./shapes.ts";

export const flowSchema = z.strictObject({
  name: z.string(),
  original_name: z.string().describe("the original project's name, accepted as well"),
  summary: z.string(),
  consumes: z.string(),
  produces: z.string(),
  publishes: z.array(z.string()).describe("events that it may publish"),
  triggered_by: z.array(z.string()).describe("events that start it"),
  schedule: z.string().nullable().describe("five cron fields, UTC; null where it is not scheduled"),
  waiting: z.string().nullable().describe("what it still waits for; null for nothing"),
  params: freeObject.describe("JSON Schema of its parameters, as POST /runs takes them"),
}).openapi("Flow");

const produced = z.strictObject({
  kind: z.enum(["data", "model"]),
  name: z.string(),
  version: id,
});

const runFields = {
  id,
  flow: z.string(),
  status: z.enum(RUN_STATUSES),
  branch: z.string(),
  read_branch: z.string(),
  user: z.string().describe("who started it"),
  code_version: z.string(),
  params: freeObject.describe("parameters with their defaults"),
  configs: freeObject.describe("configs as they were when it started"),
  triggered_by: id.nullable().describe("event that it handles; null by hand or by schedule"),
  attempt: z.int().describe("1, and one more with each run that resumes the one before"),
  resumes: id.nullable().describe("run whose finished steps it adopted"),
  resumed_by: id.nullable().describe("run that went on with it"),
  started_at: time,
  finished_at: time.nullable(),
  market_at: time.nullable(),
  produced: z.array(produced),
  events: z.array(id).describe("ids of the events that it published"),
  summary: freeObject.describe("what it found, in a few numbers"),
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    step: z.string().nullable(),
  }).nullable(),
};

export const runSchema = z.strictObject(runFields).openapi("Run");

export const stepSchema = z.strictObject({
  run_id: id,
  index: count,
  name: z.string(),
  status: z.enum(RUN_STATUSES),
  started_at: time,
  finished_at: time.nullable(),
  tries: z.int().describe("how often it was tried within this run"),
  adopted_from: id.nullable().describe("run that finished it, where this one took it over"),
  artifacts: freeObject.describe("what it hands to the following steps"),
}).openapi("Step");

export const tagSchema = z.strictObject({
  tag: z.string(),
  system: z.boolean().describe("set by the program, which alone may take it away"),
  added_at: time,
  added_by: z.string(),
}).openapi("Tag");

export const runDetailSchema = z.strictObject({
  ...runFields,
  steps: z.array(stepSchema),
  tags: z.array(tagSchema),
}).openapi("RunDetail");

export const startedRunSchema = z.strictObject({
  run_id: id,
  run: runSchema,
}).openapi("StartedRun");

export const logLineSchema = z.strictObject({
  at: time,
  step: z.string(),
  level: z.enum(["info", "warn", "error"]),
  message: z.string(),
}).openapi("LogLine");

export const logSchema = z.strictObject({
  run_id: id,
  lines: z.array(logLineSchema).describe("the newest, in the order in which they were said"),
  left_out: count.describe("older lines that were not asked for"),
}).openapi("Log");

export const deliverySchema = z.strictObject({
  event_id: id,
  consumer: z.string().describe("a flow by its name, or a notification as notify:<rule>"),
  state: z.enum(DELIVERY_STATES).describe("parked: given up; expired: too old to be run by itself"),
  failures: count.describe("how often it was tried to the end, and failed"),
  run_id: id.nullable().describe("the newest run that handled it"),
  due_at_ms: z.number().describe("when it is tried next, ms since 1970"),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  answer: z.string().nullable().describe("what the other side answered to a notification"),
  updated_at: time,
}).openapi("Delivery");

export const heardEventSchema = z.strictObject({
  id,
  name: z.string(),
  branch: z.string(),
  run_id: id.nullable().describe("run that published it; null for an act outside of a run"),
  recorded_at: time,
  market_at: time.nullable(),
  payload: freeObject.describe("what it names, by version"),
  deliveries: z.array(deliverySchema).describe("who is to hear of it, and how far they are"),
}).openapi("Event");

export const replayedSchema = z.strictObject({
  event_id: id,
  deliveries: z.array(deliverySchema).describe("what is due now"),
}).openapi("ReplayedEvent");

export const auditSchema = z.strictObject({
  id,
  action: z.string(),
  actor: z.string(),
  subject: z.string(),
  reason: z.string(),
  recorded_at: time,
  details: freeObject,
}).openapi("AuditEntry");

export const branchSchema = z.strictObject({
  branch: z.string(),
  source: z.string().nullable().describe("where its data comes from; null before any"),
  market_at: time.nullable().describe("its market clock"),
  snapshots: count,
  training_datasets: count,
  models: count,
  champion: orNull(id),
}).openapi("Branch");
