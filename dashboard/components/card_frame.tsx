// A run's card in a frame that may do nothing: it styles itself, and loads when it comes into view.

import type { FC } from "hono/jsx";

/** `mid`: a look at it; `tall`: to be read beside another. */
export const CardFrame: FC<{ runId: number; href: string; size: "mid" | "tall" }> = (
  { runId, href, size },
) => (
  <iframe
    class={`card ${size}`}
    sandbox=""
    loading="lazy"
    title={`Card of run ${runId}`}
    src={href}
  />
);
