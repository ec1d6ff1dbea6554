// What an attempt came to: sent, to be tried again, or given up at once because another try would be
// answered the same.

import { AppError } from "../domain/errors.ts";
import type { Answer } from "./webhook.ts";

/** No receiver puts us off for longer. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Answers beside 5xx that say: not now. */
const NOT_NOW = [408, 429];

export type Outcome =
  | { kind: "sent"; answer: string | null }
  | { kind: "failed"; error: AppError; answer: string | null; retryAfterMs: number };

/** What an answer means. Redirects are not followed: whoever may be reached is the configuration's to say. */
export function outcomeOf(host: string, answer: Answer, nowMs: number): Outcome {
  const { status, text, retryAfter } = answer;
  const kept = `${status} ${text}`.trim();
  if (status >= 200 && status < 300) return { kind: "sent", answer: kept };
  const isPassing = status >= 500 || NOT_NOW.includes(status);
  const hint = status >= 300 && status < 400
    ? "a redirect, which is not followed. Next: correct the url in configs/notifications.json"
    : isPassing
    ? "expected 2xx"
    : "expected 2xx. Next: correct the receiver or configs/notifications.json";
  const message = `Cannot send to ${host}: found status ${status}, ${hint}`;
  return {
    kind: "failed",
    error: new AppError(isPassing ? "unavailable" : "conflict", message, { details: { status } }),
    answer: kept,
    retryAfterMs: isPassing ? retryAfterMs(retryAfter, nowMs) : 0,
  };
}

/** The header's seconds or date as ms from now, within bounds; 0 for none, and for what is neither. */
function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}
