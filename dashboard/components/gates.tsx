// Gates as numbers with their charts: a list for a small panel, a table where there is room.

import type { Child, FC } from "hono/jsx";
import { countGates, type GateRow } from "../../src/domain/gates.ts";
import type { GateResult } from "../../src/domain/evaluation.ts";
import { decimal, plainText } from "../../src/cards/format.ts";
import { expected, held } from "../../src/cards/gate_numbers.ts";
import { GateBullet } from "../charts/bullets.tsx";
import { type Column, Table } from "./panel.tsx";
import { State, type StateKind } from "./state.tsx";

export interface GatesProps {
  rows: readonly GateRow[];
  /** Of whom the value is. */
  version: number;
  /** The version compared with; null where there was none. */
  champion: number | null;
  /** On which rows, when, by which run. How to read the marks is added. */
  caption: Child;
}

/** Gate, value, expected and chart; the state is a glyph before the name. */
export const GateList: FC<GatesProps> = ({ rows, champion, caption }) => (
  <Table
    class="plain"
    caption={
      <>
        {caption} {howToRead(champion)}
      </>
    }
    columns={[
      { name: "Gate" },
      { name: "Value", isNumeric: true },
      { name: "Expected", isNumeric: true },
      { name: "Value in its range", isHidden: true, class: "wg" },
    ]}
    rows={rows.map((row) => ({
      class: isBad(row) ? "bad" : "",
      cells: [
        <>
          <State {...stateOf(row)} isQuiet />
          {nameOf(row)}
        </>,
        held(row),
        <span class="dim">{expected(row)}</span>,
        <Bullet row={row} />,
      ],
    }))}
  />
);

/** The same with the gate's key, the champion's value and the state in words. */
export const GateTable: FC<GatesProps> = ({ rows, version, champion, caption }) => {
  const other = champion === null ? "Champion" : `v${champion}`;
  const columns: Column[] = [
    { name: "Gate" },
    { name: `v${version}`, isNumeric: true },
    { name: "Expected", isNumeric: true },
    { name: other, isNumeric: true },
    { name: "Value in its range", class: "wb" },
    { name: "State" },
  ];
  return (
    <Table
      class="fold six"
      caption={
        <>
          {caption} {howToRead(champion)}
        </>
      }
      columns={columns}
      narrow={[undefined, undefined, undefined, other]}
      rows={rows.map((row) => ({
        class: isBad(row) ? "bad" : "",
        cells: [
          <>
            {nameOf(row)}
            <br />
            <code class="dim">{row.name}</code>
          </>,
          held(row),
          <span class="dim">{expected(row)}</span>,
          <span class="dim">{decimal(row.champion)}</span>,
          <Bullet row={row} />,
          <>
            <State {...stateOf(row)} />
            {row.note === null ? "" : (
              <>
                <br />
                <small class="dim">{plainText(row.note)}</small>
              </>
            )}
          </>,
        ],
      }))}
    />
  );
};

function howToRead(champion: number | null): string {
  return "Shaded: allowed. Line: threshold." +
    (champion === null ? "" : ` Diamond: v${champion} on the same rows.`);
}

function nameOf({ label, hard }: GateRow): string {
  return hard ? label : `${label} (soft)`;
}

function isBad({ status, hard }: GateRow): boolean {
  return status === "failed" && hard;
}

function stateOf({ status, hard }: GateRow): { kind: StateKind; word: string } {
  if (status === "passed") return { kind: "ok", word: "passed" };
  if (status === "not_applicable") return { kind: "skip", word: "not applicable" };
  return hard ? { kind: "fail", word: "failed" } : { kind: "warn", word: "failed, soft" };
}

const Bullet: FC<{ row: GateRow }> = ({ row }) => (
  <GateBullet
    name={row.label}
    value={row.value}
    comparison={row.comparison}
    threshold={row.threshold}
    champion={row.champion}
    passed={row.status !== "failed"}
  />
);

/** "7 of 7 passed", "2 of 7 failed", as a state. */
export const GateVerdict: FC<{ gates: readonly (GateResult | GateRow)[] }> = ({ gates }) => {
  const { total, passed, failed, hardFailed } = countGates(gates);
  if (failed === 0) return <State kind="ok" word={`${passed} of ${total} passed`} />;
  return <State kind={hardFailed > 0 ? "fail" : "warn"} word={`${failed} of ${total} failed`} />;
};
