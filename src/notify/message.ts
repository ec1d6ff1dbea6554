// What is sent of an event: the same to every try but for its number, under an id by which a receiver knows
// what it has had already.

import { canonicalJson, toJson, Verbatim } from "../domain/json.ts";
import type { EventRecord } from "../domain/run.ts";

export interface Message {
  /** The same at every try. Of letters and digits, because a signature is over text with dots. */
  id: string;
  body: string;
}

export interface MessageOptions {
  project: string;
  rule: string;
  event: EventRecord;
  /** 1, and one more after each failure. */
  attempt: number;
}

export async function messageOf(
  { project, rule, event, attempt }: MessageOptions,
): Promise<Message> {
  const { name, branch, recordedAt, payload } = event;
  // With the time: a store that is begun anew numbers its events from 1 again.
  const of = canonicalJson([project, branch, event.id, recordedAt, rule]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(of));
  const id = `msg_${new Uint8Array(hash).toHex().slice(0, 32)}`;
  const body = toJson({
    type: name,
    timestamp: recordedAt,
    deliveryId: id,
    rule,
    attempt,
    project,
    branch,
    event: { ...event, payload: new Verbatim(payload) },
  });
  return { id, body: JSON.stringify(body) };
}
