// Recall by kind of event, where the market says what it did to whom: the simulator labels the anomalies
// that it injects. Beside outcomes.ts, which knows of crashes only.

import type { EventKind, MarketLabel } from "../domain/market.ts";
import type { KindRecall } from "../domain/outcomes.ts";
import type { OutcomeRecord } from "../domain/prediction.ts";
import { HOUR_MS } from "../domain/time.ts";

/** What an event did is still in a coin's features an hour after its last hour. */
const AFTERMATH_MS = HOUR_MS;

/**
 * @param labels of all snapshots; the same event comes with each snapshot that it touches
 * @param outcomes scored snapshots in the order of time; what became of them plays no part here
 */
export function recallByKind(
  labels: readonly MarketLabel[],
  outcomes: readonly Pick<OutcomeRecord, "marketAtMs" | "coinIds" | "flagged">[],
): KindRecall[] {
  const rows = outcomes.map(({ marketAtMs, coinIds, flagged }) => ({
    marketAtMs,
    flagOf: new Map(coinIds.map((id, i) => [id, flagged[i] === 1])),
  }));
  const kinds = new Map<EventKind, { recall: KindRecall; delays: number[] }>();
  for (const label of distinctEvents(labels)) {
    const { kind, coinId, startMs, endMs } = label;
    const touched = rows.filter(({ marketAtMs }) =>
      marketAtMs >= startMs && marketAtMs <= endMs + AFTERMATH_MS
    );
    if (touched.length === 0) continue;
    const found = kinds.get(kind) ?? { recall: emptyRecall(kind), delays: [] };
    kinds.set(kind, found);
    const scored = touched.filter(({ flagOf }) => flagOf.has(coinId));
    if (scored.length === 0) {
      found.recall.not_scored++;
      continue;
    }
    found.recall.events++;
    const first = scored.find(({ flagOf }) => flagOf.get(coinId));
    if (first === undefined) continue;
    found.recall.caught++;
    found.delays.push((first.marketAtMs - startMs) / HOUR_MS);
  }
  return [...kinds.values()].map(({ recall, delays }) => ({
    ...recall,
    recall: recall.events === 0 ? null : recall.caught / recall.events,
    median_delay_hours: delays.sort((a, b) => a - b)[delays.length >> 1] ?? null,
  })).sort((a, b) => a.kind < b.kind ? -1 : 1);
}

function emptyRecall(kind: EventKind): KindRecall {
  return { kind, events: 0, caught: 0, recall: null, not_scored: 0, median_delay_hours: null };
}

function distinctEvents(labels: readonly MarketLabel[]): MarketLabel[] {
  const events = new Map<string, MarketLabel>();
  for (const label of labels) {
    events.set(`${label.kind} ${label.startMs} ${label.coinId}`, label);
  }
  return [...events.values()];
}
