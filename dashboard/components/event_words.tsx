// What an event says, in words with links: what happened, and to which version.

import type { Child } from "hono/jsx";
import type { Json, JsonObject } from "../../src/domain/asset.ts";
import type { EventRecord } from "../../src/domain/run.ts";
import { count, instant, plainText, UNDEFINED } from "../../src/cards/format.ts";
import type { View } from "../view.ts";
import { ModelLink, VersionLink } from "./refs.tsx";

/** Coins that a line names; the others are on the page of predictions. */
const NAMED_COINS = 3;

/** The sentence of an event. Payloads come from the store: nothing in them is taken for more than text. */
export function eventWords(view: View, { name, payload, marketAt }: EventRecord): Child {
  const version = Number(payload.version);
  switch (name) {
    case "snapshot_ready":
      return (
        <>
          <VersionLink view={view} name="market_snapshot" version={version} />
          {` of ${instant(marketAt)}`}
        </>
      );
    case "dataset_ready":
      return (
        <>
          <VersionLink
            view={view}
            name="training_dataset"
            version={Number(payload.training_version)}
          />
          {" and "}
          <VersionLink view={view} name="eval_holdout" version={Number(payload.holdout_version)} />
        </>
      );
    case "model_registered":
      return (
        <>
          <ModelLink view={view} version={version} /> is a candidate
        </>
      );
    case "evaluation_passed":
      return (
        <>
          <ModelLink view={view} version={version} /> passed every hard gate
          {payload.needs_person === true ? "; promotion needs a person" : ""}
        </>
      );
    case "evaluation_failed":
      return (
        <>
          <ModelLink view={view} version={version} /> failed a hard gate
        </>
      );
    case "model_promoted":
    case "model_rolled_back":
      return (
        <>
          {`${text(payload.alias)}: ${
            payload.previous_version === null ? "nobody" : `v${text(payload.previous_version)}`
          } → `}
          <ModelLink view={view} version={version} />
        </>
      );
    case "model_revoked":
      return (
        <>
          <ModelLink view={view} version={version} /> may not be used any more
        </>
      );
    case "anomalies_detected":
      return (
        <>
          {`${count(Number(payload.flagged))} of ${count(Number(payload.rows))} coins by `}
          <ModelLink view={view} version={version} />
          {`, lowest ${coins(payload)}`}
        </>
      );
    case "outcomes_validated":
      return `${count(Number(payload.resolved))} decided, ${
        count(Number(payload.unresolved))
      } unresolved, predicted ${instant(String(payload.predicted_at))}`;
  }
}

/** "luna, ape, fxs" */
function coins(payload: JsonObject): string {
  const names = Array.isArray(payload.coins) ? payload.coins : [];
  return names.slice(0, NAMED_COINS).map(text).join(", ");
}

function text(value: Json | undefined): string {
  return plainText(String(value ?? UNDEFINED));
}
