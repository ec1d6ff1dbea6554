// The one thing to do next, state by state.

import { assertEquals } from "@std/assert";
import { type BranchState, nextStep } from "../../dashboard/next_step.ts";

const CALM: BranchState = {
  isEmpty: false,
  failure: null,
  stranded: null,
  parked: null,
  stale: null,
  hasSnapshot: true,
  hasDataset: true,
  waiting: [],
  scheduled: [],
  model: { version: 1, status: "champion", isJudged: true, isBlocked: true },
  champion: 1,
  hoursOutside: 0,
};

const candidate = { version: 2, status: "candidate", isJudged: true, isBlocked: false } as const;

const CASES: [name: string, state: Partial<BranchState>, command: string | null][] = [
  ["a branch in order asks for nothing", {}, null],
  ["an empty branch begins with training", { isEmpty: true, model: null, champion: null }, "train"],
  ["late data comes before all else", {
    stale: "No new snapshot for 3 h.",
    failure: { id: 9, flow: "train", step: "fit" },
  }, "ingest --follow"],
  ["a flow whose last run failed is looked at", {
    failure: { id: 9, flow: "train", step: "fit" },
  }, "runs show 9"],
  ["a run that stands still is gone on with, before a failure is looked at", {
    stranded: { id: 12, flow: "train", isCrashed: true },
    failure: { id: 9, flow: "score", step: "score" },
    parked: { eventId: 4, consumer: "score" },
  }, "runs resume 12"],
  ["an event that was given up is replayed, once no failure stands before it", {
    parked: { eventId: 4, consumer: "score" },
    model: { ...candidate, status: "evaluated" },
  }, "events replay 4"],
  ["without a model and with a dataset, it is learned from", {
    model: null,
    champion: null,
  }, "train --follow"],
  ["without history enough, snapshots are taken", {
    model: null,
    champion: null,
    hasDataset: false,
    waiting: ["dataset possible in 31 h"],
  }, "ingest"],
  ["with history enough, a dataset is built", {
    model: null,
    champion: null,
    hasDataset: false,
  }, "build_dataset --follow"],
  ["where snapshots come in by schedule, none is taken by hand", {
    model: null,
    champion: null,
    hasDataset: false,
    waiting: ["dataset possible in 31 h"],
    scheduled: ["ingest", "build_dataset"],
  }, "train --follow"],
  ["a newer version is judged first", {
    model: { ...candidate, isJudged: false, isBlocked: true },
  }, "evaluate --candidate_version 2"],
  ["one that was refused is explained", {
    model: { ...candidate, isBlocked: true },
  }, "models why 2"],
  ["one that passed may be promoted", {
    model: { ...candidate, status: "evaluated" },
  }, "promote --version 2"],
  ["a first one that passed may be promoted", {
    model: { ...candidate, status: "evaluated" },
    champion: null,
  }, "promote --version 2"],
  ["a champion whose market has moved on for a day is trained anew", {
    hoursOutside: 24,
  }, "build_dataset --follow"],
  ["an unusual hour is no reason to train", { hoursOutside: 23 }, null],
  ["a revoked one is left alone", {
    model: { ...candidate, status: "revoked", isBlocked: true },
  }, null],
  ["where the only one is revoked, another is trained", {
    model: { ...candidate, status: "revoked", isBlocked: true },
    champion: null,
  }, "train --follow"],
];

for (const [name, state, command] of CASES) {
  Deno.test(`next step: ${name}`, () => {
    assertEquals(nextStep({ ...CALM, ...state })?.command ?? null, command);
  });
}

Deno.test("next step: what a schedule does is not called a thing to do", () => {
  const first = { ...CALM, model: null, champion: null, hasDataset: false };
  const scheduled = ["ingest", "build_dataset"];
  for (const waiting of [[], ["dataset possible in 31 h"]]) {
    assertEquals(nextStep({ ...first, waiting })?.title, "Do this next");
    assertEquals(nextStep({ ...first, waiting, scheduled })?.title, "Nothing to do yet");
  }
});
