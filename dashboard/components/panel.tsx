// Panels, tables and facts: what most pages are made of.

import type { Child, FC } from "hono/jsx";
import { plainText } from "../../src/cards/format.ts";

export interface PanelProps {
  /** Also the anchor of the panel, and what live updates replace it by; unique on its page. */
  id: string;
  title: Child;
  /** What it speaks of: "share of coins flagged per hourly snapshot, 7 days". */
  scope?: Child;
  /** One fact or link at the right end of the heading. */
  end?: Child;
  /** Columns of twelve: c4, c5, c6, c7, c8, c12; none inside a stack. */
  span?: "c4" | "c5" | "c6" | "c7" | "c8" | "c12";
  class?: string;
  children?: Child;
}

export const Panel: FC<PanelProps> = ({ id, title, scope, end, span, class: more, children }) => (
  <section
    class={["panel", span, more].filter((name) => name !== undefined).join(" ")}
    id={id}
    aria-labelledby={`${id}-h`}
    data-live
  >
    <div class="ph">
      <h2 id={`${id}-h`}>{title}</h2>
      {scope === undefined ? "" : <span class="dim">{scope}</span>}
      {end === undefined ? "" : <span class="end">{end}</span>}
    </div>
    {children}
  </section>
);

export interface Column {
  name: Child;
  isNumeric?: boolean;
  /** The heading is for screen readers only: the column is a chart that its row explains. */
  isHidden?: boolean;
  class?: string;
}

export interface Row {
  cells: Child[];
  /** "sel" for the chosen one, "bad" for a failure. */
  class?: string;
}

export interface TableProps {
  /** What, when, n, and how to read the marks. */
  caption: Child;
  columns: Column[];
  rows: (Row | Child[])[];
  /** "fold": below 640 px each row becomes a block. */
  class?: string;
  /**
   * On narrow screens, by column: a word before a value that has lost its heading ("data-l"), or "full"
   * for a cell that takes the whole line.
   */
  narrow?: (string | undefined)[];
}

/** A table; the first cell of each row is its heading. */
export const Table: FC<TableProps> = ({ caption, columns, rows, class: kind = "fold", narrow }) => (
  <table class={kind}>
    <caption>{caption}</caption>
    <thead>
      <tr>
        {columns.map((column) => (
          <th scope="col" class={column.isNumeric ? "num" : undefined}>
            {column.isHidden ? <span class="vh">{column.name}</span> : column.name}
          </th>
        ))}
      </tr>
    </thead>
    <tbody>
      {rows.map((row) => {
        const { cells, class: rowClass } = Array.isArray(row) ? { cells: row } as Row : row;
        return (
          <tr class={rowClass}>
            {cells.map((cell, j) => {
              const column = columns[j];
              const fold = narrow?.[j];
              const classes = [
                column?.isNumeric ? "num" : undefined,
                column?.class,
                fold === "full" ? "full" : undefined,
              ].filter((name) => name !== undefined).join(" ") || undefined;
              const label = fold === "full" ? undefined : fold;
              return j === 0
                ? <th scope="row" class={classes}>{cell}</th>
                : <td class={classes} data-l={label}>{cell}</td>;
            })}
          </tr>
        );
      })}
    </tbody>
  </table>
);

/** Names and values. */
export const Facts: FC<{ facts: [Child, Child][] }> = ({ facts }) => (
  <dl class="kv">
    {facts.map(([name, value]) => (
      <>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </>
    ))}
  </dl>
);

/** Text from outside: a coin's name, a reason. Isolated, so that its direction ends with it. */
export const Foreign: FC<{ text: string }> = ({ text }) => <bdi>{plainText(text)}</bdi>;

/** Where there is nothing: the cause in a sentence, and the command that ends it. */
export const Nothing: FC<{ children?: Child }> = ({ children }) => <p class="dim">{children}</p>;
