// From source to promotion, as an ordered list that is drawn as boxes: a reader hears a list.

import type { Child, FC } from "hono/jsx";
import { plainText } from "../../src/cards/format.ts";

export interface LineageBox {
  /** "Dataset", "Model". */
  kind: string;
  /** "training_dataset v11", or "none" where there is none. */
  name: string;
  href?: string;
  /** What made it and what it is: "run 761", "sha256 9c41…e07b". */
  facts?: readonly { text: string; href?: string }[];
  /** Its state as the page's component shows states. */
  state?: Child;
  /** `here`: what the page is about. `stop`: what was refused or never came to be. */
  place?: "here" | "stop";
}

export const Lineage: FC<{ of: string; boxes: readonly LineageBox[] }> = ({ of, boxes }) => (
  <ol class="lin" aria-label={plainText(`Lineage of ${of}, from source to promotion`)}>
    {boxes.map(({ kind, name, href, facts = [], state, place }) => (
      <li class={place} aria-current={place === "here" ? "true" : undefined}>
        <h3>{plainText(kind)}</h3>
        <b>
          <Linked text={name} href={href} />
        </b>
        {facts.length === 0 ? "" : (
          <small>
            {facts.map(({ text, href }, i) => (
              <>
                {i === 0 ? "" : ", "}
                <Linked text={text} href={href} />
              </>
            ))}
          </small>
        )}
        {state}
      </li>
    ))}
  </ol>
);

const Linked: FC<{ text: string; href: string | undefined }> = ({ text, href }) =>
  href === undefined ? <>{plainText(text)}</> : <a href={href}>{plainText(text)}</a>;
