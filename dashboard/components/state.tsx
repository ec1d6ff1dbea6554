// State: glyph, word and colour, in that order, so that none of them is needed alone.

import type { FC } from "hono/jsx";

export type StateKind = "ok" | "fail" | "warn" | "idle" | "run" | "skip" | "refused";

/** One sprite a page; states refer to it. */
export const SPRITE = '<svg class="vh" aria-hidden="true" focusable="false">' +
  '<symbol id="i-ok" viewBox="0 0 12 12"><path d="M2 6.5 5 9.5 10.5 3" fill="none" stroke="currentColor" stroke-width="1.8"/></symbol>' +
  '<symbol id="i-fail" viewBox="0 0 12 12"><path d="M2.5 2.5l7 7m0-7l-7 7" stroke="currentColor" stroke-width="1.8"/></symbol>' +
  '<symbol id="i-warn" viewBox="0 0 12 12"><path d="M6 1 11.5 11H.5z" fill="currentColor"/></symbol>' +
  '<symbol id="i-idle" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6"/></symbol>' +
  '<symbol id="i-run" viewBox="0 0 12 12"><path d="M3 1.5 10.5 6 3 10.5z" fill="currentColor"/></symbol>' +
  '<symbol id="i-skip" viewBox="0 0 12 12"><path d="M1.5 6h9" stroke="currentColor" stroke-width="1.8"/></symbol>' +
  '<symbol id="i-refused" viewBox="0 0 12 12"><circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M2.8 9.2l6.4-6.4" stroke="currentColor" stroke-width="1.6"/></symbol>' +
  "</svg>";

const COLOR: Record<StateKind, string> = {
  ok: "ok",
  fail: "fail",
  warn: "warn",
  idle: "idle",
  run: "run",
  skip: "idle",
  refused: "fail",
};

/** `isQuiet`: the word is for screen readers only, where the row says it too. */
export const State: FC<{ kind: StateKind; word: string; isQuiet?: boolean }> = (
  { kind, word, isQuiet },
) => (
  <span class={`st ${COLOR[kind]}`}>
    <svg aria-hidden="true">
      <use href={`#i-${kind}`} />
    </svg>
    {isQuiet ? <span class="vh">{`${word}: `}</span> : word}
  </span>
);
