// The acts of the API as a table: what is asked, what is answered, and what is there afterwards.

import { type TestRegistry } from "../../support/registry.ts";
import { twoChampions } from "../acts/branch_states.ts";

export interface Scenario {
  name: string;
  arrange?: (registry: TestRegistry) => Promise<unknown>;
  method?: string;
  path: string;
  body?: unknown;
  status: number;
  /** Of the error, where it is refused. */
  code?: string;
  /** In the answer. */
  includes?: string;
  /** Events and acts that followed, oldest first. */
  events?: string[];
  audit?: string[];
  champion?: number | null;
  /** Runs that followed, with their status. */
  runs?: string[];
}

export const PROMOTE = "/models/2/promote";

export const SCENARIOS: Scenario[] = [
  {
    name: "promote gives the alias, and says who held it",
    path: PROMOTE,
    body: { reason: "fewer false alarms" },
    status: 200,
    includes: '"replaces":1',
    events: ["model_promoted"],
    audit: ["promote: fewer false alarms"],
    champion: 2,
    runs: ["promote completed"],
  },
  {
    name: "promote gives another alias",
    path: PROMOTE,
    body: { alias: "staging" },
    status: 200,
    includes: '"replaces":null',
    events: ["model_promoted"],
    audit: ["promote: "],
    runs: ["promote completed"],
  },
  {
    name: "a dry run of promote says what would happen, and writes nothing",
    path: PROMOTE,
    body: { dry_run: true },
    status: 200,
    includes: '"allowed":true',
  },
  {
    name: "a dry run of promote names what stands in the way",
    path: "/models/3/promote",
    body: { dry_run: true },
    status: 200,
    includes: '"reason":"max_anomaly_rate"',
  },
  {
    name: "promote refuses a failed gate with its details, and records the failed run",
    path: "/models/3/promote",
    body: { reason: "please" },
    status: 422,
    code: "gate_failed",
    includes: '"blockers":[{"reason":"max_anomaly_rate"',
    runs: ["promote failed"],
  },
  {
    name: "promote by force is recorded as such",
    path: "/models/3/promote",
    body: { force: true, reason: "the market moved" },
    status: 200,
    includes: '"overridden":["max_anomaly_rate"]',
    events: ["model_promoted"],
    audit: ["promote: the market moved, forced"],
    champion: 3,
    runs: ["promote completed"],
  },
  {
    name: "promote by force needs a reason",
    path: "/models/3/promote",
    body: { force: true },
    status: 400,
    code: "invalid",
    includes: "expected one for the history",
  },
  {
    name: "promote refuses another holder than expected",
    path: PROMOTE,
    body: { expect: "v7" },
    status: 409,
    code: "conflict",
    includes: '"winner":1',
    runs: ["promote failed"],
  },
  {
    name: "promote refuses a version that is not there",
    path: "/models/77/promote",
    body: {},
    status: 404,
    code: "not_found",
  },
  {
    name: "promote refuses an unknown field",
    path: PROMOTE,
    body: { forse: true },
    status: 400,
    code: "invalid",
    includes: "forse is not known, expected alias, reason, force, expect or dry_run",
  },
  {
    name: "rollback returns the alias",
    arrange: twoChampions,
    path: "/aliases/champion/rollback",
    body: { reason: "flags every stablecoin" },
    status: 200,
    includes: '"action":"rollback"',
    events: ["model_rolled_back"],
    audit: ["rollback: flags every stablecoin"],
    champion: 1,
  },
  {
    name: "rollback refuses where there is nobody to return to",
    path: "/aliases/champion/rollback",
    body: { reason: "why not" },
    status: 409,
    code: "conflict",
  },
  {
    name: "rollback needs a reason",
    arrange: twoChampions,
    path: "/aliases/champion/rollback",
    body: {},
    status: 400,
    code: "invalid",
    includes: "reason is missing",
    champion: 2,
  },
  {
    name: "revoke forbids a version",
    path: "/models/4/revoke",
    body: { reason: "bad data" },
    status: 200,
    includes: '"rolled_back":[]',
    events: ["model_revoked"],
    audit: ["revoke: bad data"],
  },
  {
    name: "revoke refuses a champion",
    path: "/models/champion/revoke",
    body: { reason: "bad data" },
    status: 409,
    code: "conflict",
  },
  {
    name: "revoke with rollback returns the alias in the same commit",
    arrange: twoChampions,
    path: "/models/champion/revoke",
    body: { reason: "bad data", rollback: true },
    status: 200,
    includes: '"version":1',
    events: ["model_rolled_back", "model_revoked"],
    audit: ["rollback: bad data", "revoke: bad data"],
    champion: 1,
  },
  {
    name: "a run is tagged",
    path: "/runs/1/tags",
    body: { tag: "baseline" },
    status: 200,
    includes: '"tag":"baseline"',
  },
  {
    name: "a run is not tagged with the name of an alias",
    path: "/runs/1/tags",
    body: { tag: "champion" },
    status: 409,
    code: "conflict",
  },
  {
    name: "a tag that is not there is not taken away",
    method: "DELETE",
    path: "/runs/1/tags/baseline",
    status: 404,
    code: "not_found",
  },
  {
    name: "the program's tags stay",
    method: "DELETE",
    path: "/runs/1/tags/flow%3Atrain",
    status: 409,
    code: "conflict",
  },
  {
    name: "a run that is not waited for answers at once",
    path: "/runs",
    body: { flow: "promote", params: { version: "2" }, tags: ["by-api"] },
    status: 202,
    includes: '"status":"running"',
    events: ["model_promoted"],
    audit: ["promote: "],
    champion: 2,
    runs: ["promote completed"],
  },
  {
    name: "a run of a flow without a reason of its own is in the audit log with the reason given",
    path: "/runs",
    body: {
      flow: "validate_outcomes",
      params: { source: "simulated" },
      reason: "before the meeting",
      wait: true,
    },
    status: 200,
    includes: '"status":"completed"',
    audit: ["run: before the meeting"],
    runs: ["validate_outcomes completed"],
  },
  {
    name: "a run that is waited for answers with its end",
    path: "/runs",
    body: { flow: "PromoteModelFlow", params: { version: "2" }, wait: true },
    status: 200,
    includes: '"status":"completed"',
    events: ["model_promoted"],
    audit: ["promote: "],
    champion: 2,
    runs: ["promote completed"],
  },
  {
    name: "a run that is waited for and fails answers with its error",
    path: "/runs",
    body: { flow: "promote", params: { version: "3" }, wait: true },
    status: 422,
    code: "gate_failed",
    includes: '"run_id":5',
    runs: ["promote failed"],
  },
  {
    name: "parameters are held against the flow's own schema",
    path: "/runs",
    body: { flow: "promote", params: { versoin: "2" } },
    status: 400,
    code: "invalid",
    includes: "versoin is not known",
  },
  {
    name: "what the parameters name is looked up before a run begins",
    path: "/runs",
    body: { flow: "promote", params: { version: "77" } },
    status: 404,
    code: "not_found",
  },
  {
    name: "a dry run is no run",
    path: "/runs",
    body: { flow: "promote", params: { version: "2", dry_run: true } },
    status: 400,
    code: "invalid",
    includes: "found dry_run",
  },
  {
    name: "an unknown flow is refused",
    path: "/runs",
    body: { flow: "nope" },
    status: 400,
    code: "invalid",
    includes: 'Cannot find flow \\"nope\\"',
  },
  {
    name: "the program's own tags are refused",
    path: "/runs",
    body: { flow: "promote", params: { version: "2" }, tags: ["flow:x"] },
    status: 400,
    code: "invalid",
  },
];
