// A command to copy. Without a script the text can be selected; the button needs one, and hides.

import type { FC } from "hono/jsx";

export const Command: FC<{ text: string }> = ({ text }) => (
  <div class="cmd">
    <code>{text}</code>
    <button class="copy" type="button" aria-label={`Copy: ${text}`} data-copy={text} hidden>
      Copy
    </button>
  </div>
);
