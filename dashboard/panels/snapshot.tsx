// One snapshot: its coins, the rows that were refused and why, and what was odd.

import type { FC } from "hono/jsx";
import type { VersionRecord } from "../../src/domain/asset.ts";
import {
  briefInstant,
  change,
  count,
  instant,
  plainText,
  price,
  UNDEFINED,
} from "../../src/cards/format.ts";
import { isJsonObject } from "../../src/domain/json.ts";
import { HOUR_MS, iso } from "../../src/domain/time.ts";
import { readFile } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { Facts, Foreign, Panel, Table } from "../components/panel.tsx";
import { CoinLink } from "../components/refs.tsx";
import { Memo } from "../reading/memo.ts";
import { type SnapshotRow, snapshotRows } from "../reading/snapshots.ts";
import { hrefWith, type View } from "../view.ts";

const SHOWN_COINS = 100;
const SHOWN_REFUSED = 50;
const KEPT_REFUSALS = 50;
/** A quote this much older than its snapshot is called old. */
const OLD_QUOTE_MS = HOUR_MS;

export const SNAPSHOT_SORTS = ["rank", "name", "price", "change", "volume"] as const;
type Sort = (typeof SNAPSHOT_SORTS)[number];

interface RefusedRow {
  index: number;
  coinId: string | null;
  reason: string;
}

export interface SnapshotFacts {
  rows: readonly SnapshotRow[];
  /** At most so many as are shown. */
  refused: RefusedRow[];
}

const refusals = new Memo<RefusedRow[]>(KEPT_REFUSALS);

export async function snapshotFacts(
  registry: RegistryContext,
  version: VersionRecord,
): Promise<SnapshotFacts> {
  const file = version.files.refused;
  const [rows, refused] = await Promise.all([
    snapshotRows(registry, version),
    file === undefined ? [] : refusals.get(registry, file.sha256, async () => {
      const text = new TextDecoder().decode(await readFile(registry, version, "refused"));
      return (JSON.parse(text) as RefusedRow[]).slice(0, SHOWN_REFUSED);
    }),
  ]);
  return { rows, refused };
}

interface Props {
  view: View;
  version: VersionRecord;
  facts: SnapshotFacts;
  sort: Sort;
}

/** What was refused stands first where anything was. */
export const SnapshotPanels: FC<Props> = (props) => {
  const isComplete = Number(props.version.annotations.refused ?? 0) === 0;
  return (
    <>
      {isComplete ? "" : <RefusedPanel {...props} />}
      <CoinsPanel {...props} />
      {isComplete ? <RefusedPanel {...props} /> : ""}
    </>
  );
};

const CoinsPanel: FC<Props> = ({ view, version, facts: { rows }, sort }) => {
  const shown = sorted(rows, sort).slice(0, SHOWN_COINS);
  const head = (key: Sort, text: string) =>
    key === sort
      ? <b>{text}</b>
      : <a href={hrefWith(view, { sort: key === "rank" ? undefined : key })}>{text}</a>;
  return (
    <Panel
      id="coins"
      title="Coins"
      scope={rows.length > SHOWN_COINS
        ? `the first ${SHOWN_COINS} of ${count(rows.length)}`
        : `all ${rows.length}`}
    >
      <Table
        caption={`USD at ${instant(version.marketAt)}. The bold column is the order.`}
        columns={[
          { name: head("name", "Coin") },
          { name: head("rank", "Rank"), isNumeric: true },
          { name: head("price", "Price"), isNumeric: true },
          { name: head("change", "24\u00a0h"), isNumeric: true },
          { name: "7\u00a0d", isNumeric: true },
          { name: "Market cap", isNumeric: true },
          { name: head("volume", "Volume"), isNumeric: true },
          { name: "Quoted", isNumeric: true },
        ]}
        narrow={[undefined, "rank", "price", "24 h", "7 d", "cap", "volume", "quoted"]}
        rows={shown.map((row) => [
          <CoinLink view={view} coinId={row.coinId} symbol={row.symbol} name={row.name} />,
          row.rank === null ? UNDEFINED : count(row.rank),
          price(row.price),
          change(row.features.price_change_pct_24h ?? null),
          change(row.features.price_change_pct_7d ?? null),
          millions(row.marketCap),
          millions(row.volume),
          <Quoted row={row} version={version} />,
        ])}
      />
    </Panel>
  );
};

function sorted(rows: readonly SnapshotRow[], sort: Sort): SnapshotRow[] {
  const last = (value: number | null | undefined, fallback: number) => value ?? fallback;
  const by: Record<Sort, (a: SnapshotRow, b: SnapshotRow) => number> = {
    rank: (a, b) => last(a.rank, Infinity) - last(b.rank, Infinity),
    name: (a, b) => a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0,
    price: (a, b) => last(b.price, -1) - last(a.price, -1),
    change: (a, b) =>
      last(a.features.price_change_pct_24h, Infinity) -
      last(b.features.price_change_pct_24h, Infinity),
    volume: (a, b) => last(b.volume, -1) - last(a.volume, -1),
  };
  // Two coins without a value are equal: Infinity − Infinity is no number.
  return rows.toSorted((a, b) => by[sort](a, b) || 0);
}

function millions(usd: number | null): string {
  if (usd === null) return UNDEFINED;
  return `$${count(usd / 1_000_000)}\u00a0M`;
}

const Quoted: FC<{ row: SnapshotRow; version: VersionRecord }> = ({ row, version }) => {
  if (row.updatedMs === null) return <>{UNDEFINED}</>;
  const at = iso(row.updatedMs);
  const isOld = version.marketAt !== null &&
    Date.parse(version.marketAt) - row.updatedMs > OLD_QUOTE_MS;
  return (
    <time class={isOld ? "warn" : "dim"} datetime={at} title={instant(at)}>
      {briefInstant(at, version.marketAt ?? at)}
    </time>
  );
};

const RefusedPanel: FC<Props> = ({ version, facts: { refused } }) => {
  const total = Number(version.annotations.refused ?? 0);
  const { notes: noted } = version.annotations;
  const notes = Object.entries(isJsonObject(noted) ? noted : {});
  return (
    <Panel
      id="refused"
      title="Refused rows"
      scope={total > refused.length && refused.length > 0
        ? `the first ${refused.length} of ${count(total)}`
        : `${count(total)} of ${count(total + Number(version.annotations.rows ?? 0))}`}
    >
      {refused.length === 0 ? <p class="dim">Every row of the answer could be used.</p> : (
        <Table
          caption="Each is refused by itself; the others are used."
          columns={[{ name: "Row", isNumeric: true }, { name: "Coin" }, { name: "Reason" }]}
          narrow={["row", undefined, "full"]}
          rows={refused.map(({ index, coinId, reason }) => [
            count(index + 1),
            coinId === null ? UNDEFINED : <Foreign text={coinId} />,
            <Foreign text={reason} />,
          ])}
        />
      )}
      <div class="hr"></div>
      <h3>Odd, and used</h3>
      {notes.length === 0
        ? <p class="dim">Nothing was odd about the rows that were used.</p>
        : (
          <Facts
            facts={notes.map(([note, rows]) => [
              count(Number(rows)),
              <Foreign text={plainText(note)} />,
            ])}
          />
        )}
    </Panel>
  );
};
