// A card: the report of a run as one HTML page that needs nothing else, runs nothing, and is the same
// whenever it is made. Panels, tables and states; the charts are in charts.tsx.

import { raw } from "hono/html";
import type { Child, FC } from "hono/jsx";
import { plainText } from "./format.ts";
import { CARD_STYLE } from "./style.ts";

/** Nothing is loaded and nothing runs; the styles are the page's own. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

export interface CardPage {
  /** What kind of report it is, and of which run: "ingest, run 12". */
  kicker: string;
  /** The finding, in a sentence. */
  finding: string;
  /** What it rests on, in at most three lines. */
  lead: string;
  body: Child;
}

/** The page as text. All text in it is escaped; the stylesheet is a constant. */
export function cardPage({ kicker, finding, lead, body }: CardPage): string {
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <title>{`${kicker}: ${plainText(finding)}`}</title>
        <style>{raw(CARD_STYLE)}</style>
      </head>
      <body>
        <main>
          <p class="kicker">{kicker}</p>
          <h1>{plainText(finding)}</h1>
          <p class="lead">{plainText(lead)}</p>
          {body}
        </main>
      </body>
    </html>
  );
  return `<!DOCTYPE html>\n${page}\n`;
}

/** One heading and what belongs under it. */
export const Panel: FC<{ title: string; scope?: string; children?: Child }> = (
  { title, scope, children },
) => (
  <section>
    <h2>
      {title}
      {scope === undefined ? "" : <span>{` · ${scope}`}</span>}
    </h2>
    {children}
  </section>
);

/** Text from outside: a coin's name, a reason. Isolated, so that its direction ends with it. */
export const Foreign: FC<{ text: string }> = ({ text }) => <bdi>{plainText(text)}</bdi>;

export type Mark = "passed" | "failed" | "warning" | "none";

const GLYPHS: Record<Mark, [string, string]> = {
  passed: ["✓", "ok"],
  failed: ["✕", "fail"],
  warning: ["▲", "warn"],
  none: ["–", "quiet"],
};

/** Glyph, word and colour, so that none of them is needed alone. */
export const State: FC<{ mark: Mark; word: string }> = ({ mark, word }) => {
  const [glyph, color] = GLYPHS[mark];
  return <span class={`state ${color}`}>{`${glyph} ${word}`}</span>;
};

export interface Column {
  name: string;
  /** Numbers stand at the right. */
  isNumeric?: boolean;
}

/**
 * A table; the first cell of each row is its heading. `isStacked`: on a narrow screen the last cell, a
 * sentence, stands below the others.
 */
export const Rows: FC<
  { caption: string; columns: Column[]; rows: Child[][]; isStacked?: boolean }
> = ({ caption, columns, rows, isStacked }) => (
  <table class={isStacked ? "stacked" : ""}>
    <caption>{caption}</caption>
    <thead>
      <tr>
        {columns.map(({ name, isNumeric }) => (
          <th scope="col" class={isNumeric ? "n" : ""}>{name}</th>
        ))}
      </tr>
    </thead>
    <tbody>
      {rows.map((cells) => (
        <tr>
          {cells.map((cell, j) => {
            const kind = columns[j]?.isNumeric ? "n" : "w";
            return j === 0
              ? <th scope="row" class={kind}>{cell}</th>
              : <td class={kind}>{cell}</td>;
          })}
        </tr>
      ))}
    </tbody>
  </table>
);

/** Names and values. */
export const Facts: FC<{ facts: [string, Child][] }> = ({ facts }) => (
  <table>
    <tbody>
      {facts.map(([name, value]) => (
        <tr>
          <th scope="row" class="quiet">{name}</th>
          <td class="w">{value}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
