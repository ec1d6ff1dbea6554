// Snapshots of the market as rows for pages. Beside predictions.ts.

import type { VersionRecord } from "../../src/domain/asset.ts";
import { numbers, type Table, texts } from "../../src/domain/table.ts";
import { fileOf, readTable } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { Memo } from "./memo.ts";

/** Two days of hourly snapshots. */
const KEPT_SNAPSHOTS = 48;

/** Numbers of a snapshot's table that are what the market said, and no features. */
const QUOTED = [
  "current_price",
  "market_cap",
  "market_cap_rank",
  "total_volume",
  "high_24h",
  "low_24h",
  "price_change_pct_30d",
];

/** One coin of a snapshot; USD, and null for what the market did not know. */
export interface SnapshotRow {
  coinId: string;
  symbol: string;
  name: string;
  price: number | null;
  marketCap: number | null;
  rank: number | null;
  volume: number | null;
  high24h: number | null;
  low24h: number | null;
  changePct30d: number | null;
  /** When the quote was made, ms; may be days before the snapshot. */
  updatedMs: number | null;
  /** The point-in-time features by their names. */
  features: Readonly<Record<string, number | null>>;
}

const kept = new Memo<readonly SnapshotRow[]>(KEPT_SNAPSHOTS);

/** The coins of a snapshot, in the market's order. */
export function snapshotRows(
  registry: RegistryContext,
  snapshot: VersionRecord,
): Promise<readonly SnapshotRow[]> {
  return kept.get(
    registry,
    fileOf(snapshot, "table").sha256,
    async () => rowsOf(await readTable(registry, snapshot)),
  );
}

function rowsOf(table: Table): SnapshotRow[] {
  const symbols = texts(table, "symbol");
  const names = texts(table, "name");
  const features = Object.entries(table.columns)
    .filter(([name, { type }]) => type === "number" && !QUOTED.includes(name))
    .map(([name]) => name);
  const number = (name: string, row: number) => {
    const value = numbers(table, name)[row]!;
    return Number.isNaN(value) ? null : value;
  };
  return texts(table, "coin_id").map((id, i) => ({
    coinId: id!,
    symbol: symbols[i] ?? "",
    name: names[i] ?? id!,
    price: number("current_price", i),
    marketCap: number("market_cap", i),
    rank: number("market_cap_rank", i),
    volume: number("total_volume", i),
    high24h: number("high_24h", i),
    low24h: number("low_24h", i),
    changePct30d: number("price_change_pct_30d", i),
    updatedMs: number("last_updated", i),
    features: Object.fromEntries(features.map((name) => [name, number(name, i)])),
  }));
}
