// A `/coins/markets` response, row by row: what can be used becomes a MarketRow, what cannot is
// refused with a reason, what is odd but usable is kept and counted. Nothing becomes a silent zero.
// Checked by hand and not by a schema: a response holds some 17,000 numbers, most of them sparklines.

import type { MarketRow, ParsedResponse, RefusedRow } from "../domain/market.ts";
import { HOUR_MS } from "../domain/time.ts";
import { readCoins, unreadable } from "./response_body.ts";

/** A quote this much older than the newest one of its response is called stale. */
const STALE_MS = 2 * HOUR_MS;
/** CoinGecko's sparkline: hourly, seven days. */
const SPARKLINE_POINTS = 168;

type JsonRecord = Record<string, unknown>;

/**
 * Parses the verbatim body of a response. `rows.length + refused.length` is the array's length, and
 * both keep its order. Names and symbols are kept as they came: whoever shows them makes them safe.
 *
 * @throws AppError `unavailable` when the body is no array of coins, or none of them can be used
 */
export function parseMarkets(body: Uint8Array): ParsedResponse {
  const coins = readCoins(body);
  const parser = new RowParser();
  coins.forEach((value, index) => parser.add(value, index));
  const { rows, refused, notes } = parser;
  if (rows.length === 0) {
    const reasons = [...new Set(refused.map(({ reason }) => reason))].join(", ");
    throw unreadable(`${coins.length} rows of which none can be used (${reasons})`);
  }
  noteStaleQuotes(rows, notes);
  return { rows, refused, notes: Object.fromEntries(notes) };
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Takes or refuses one row after another; ids are unique among those taken. */
class RowParser {
  readonly rows: MarketRow[] = [];
  readonly refused: RefusedRow[] = [];
  readonly notes = new Map<string, number>();
  readonly #ids = new Set<string>();

  add(value: unknown, index: number): void {
    if (!isRecord(value)) return this.#refuse(index, null, "not an object");
    const coinId = value.id;
    if (typeof coinId !== "string" || coinId.trim() === "") {
      return this.#refuse(index, null, "no id");
    }
    const price = toNumber(value.current_price);
    if (price === null || price <= 0) return this.#refuse(index, coinId, "no usable price");
    if (this.#ids.has(coinId)) return this.#refuse(index, coinId, "duplicate id");
    this.#ids.add(coinId);
    this.rows.push(this.#row(value, coinId));
  }

  #refuse(index: number, coinId: string | null, reason: string): void {
    this.refused.push({ index, coinId, reason });
  }

  #row(value: JsonRecord, coinId: string): MarketRow {
    const number = (name: string) => this.#number(value, name);
    const row: MarketRow = {
      coinId,
      symbol: this.#text(value, "symbol") ?? "",
      name: this.#text(value, "name") ?? coinId,
      currentPrice: number("current_price")!,
      marketCap: this.#marketCap(number("market_cap")),
      marketCapRank: number("market_cap_rank"),
      totalVolume: this.#volume(number("total_volume")),
      high24h: number("high_24h"),
      low24h: number("low_24h"),
      priceChangePct1h: number("price_change_percentage_1h_in_currency"),
      priceChangePct24h: number("price_change_percentage_24h") ??
        number("price_change_percentage_24h_in_currency"),
      priceChangePct7d: number("price_change_percentage_7d_in_currency"),
      priceChangePct30d: number("price_change_percentage_30d_in_currency"),
      athChangePct: number("ath_change_percentage"),
      lastUpdatedMs: this.#time(value.last_updated),
      sparkline: this.#sparkline(value.sparkline_in_7d),
    };
    this.#noteRecords(row);
    return row;
  }

  /** Null where the value is absent or no number; a number in a string is one, and counted. */
  #number(value: JsonRecord, name: string): number | null {
    const found = value[name];
    if (found === undefined || found === null) return null;
    const number = toNumber(found);
    if (number === null) this.#note(`${name} that is no number`);
    else if (typeof found === "string") this.#note("number given as text");
    return number;
  }

  #text(value: JsonRecord, name: string): string | null {
    const found = value[name];
    if (typeof found === "string") return found;
    this.#note(`no ${name}`);
    return null;
  }

  /** The service writes 0 for a market cap that it does not know. */
  #marketCap(found: number | null): number | null {
    if (found === null || found > 0) return found;
    this.#note(`${found < 0 ? "negative" : "zero"} market cap read as null`);
    return null;
  }

  /** A volume of 0 is believed: coins without a single trade in a day exist. */
  #volume(found: number | null): number | null {
    if (found === null) this.#note("no volume");
    else if (found === 0) this.#note("zero volume");
    else if (found < 0) this.#note("negative volume read as null");
    return found !== null && found >= 0 ? found : null;
  }

  #time(found: unknown): number | null {
    if (found === undefined || found === null) return null;
    const ms = toTime(found);
    if (ms === null) this.#note("last_updated that is no time");
    return ms;
  }

  #sparkline(found: unknown): number[] | null {
    if (found === undefined || found === null) return null;
    const prices = isRecord(found) ? found.price : undefined;
    if (!Array.isArray(prices) || prices.length === 0) {
      this.#note("sparkline without prices");
      return null;
    }
    const usable = prices.filter(isPrice);
    if (usable.length < prices.length) this.#note("sparkline with unusable points");
    if (prices.length !== SPARKLINE_POINTS) this.#note("sparkline not of 168 points");
    return usable.length === 0 ? null : usable;
  }

  /** A price may be newer than the day's range and than the record, and so lie outside of them. */
  #noteRecords({ currentPrice, high24h, low24h, athChangePct }: MarketRow): void {
    const isAbove = high24h !== null && currentPrice > high24h;
    const isBelow = low24h !== null && currentPrice < low24h;
    if (isAbove || isBelow) this.#note("price outside its 24 h range");
    if (athChangePct !== null && athChangePct > 0) this.#note("price above its all-time high");
  }

  #note(what: string): void {
    this.notes.set(what, (this.notes.get(what) ?? 0) + 1);
  }
}

function isPrice(value: unknown): value is number {
  return typeof value === "number" && value > 0 && value < Infinity;
}

const DECIMAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/** A finite number, also from a string that is nothing but one; else null. */
function toNumber(value: unknown): number | null {
  const number = typeof value === "string" && DECIMAL.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/;

/** ISO 8601; without a zone it is UTC, not the zone of the computer that reads it. */
function toTime(value: unknown): number | null {
  const match = typeof value === "string" ? INSTANT.exec(value) : null;
  if (match === null) return null;
  const ms = Date.parse(match[3] === undefined ? `${match[0]}Z` : match[0]);
  return Number.isFinite(ms) ? ms : null;
}

/** A stale quote is kept: its age is in the table, and whoever uses the price can see it. */
function noteStaleQuotes(rows: readonly MarketRow[], notes: Map<string, number>): void {
  let newest = -Infinity;
  for (const { lastUpdatedMs } of rows) newest = Math.max(newest, lastUpdatedMs ?? -Infinity);
  const stale = rows.filter(({ lastUpdatedMs }) =>
    lastUpdatedMs !== null && newest - lastUpdatedMs > STALE_MS
  );
  if (stale.length > 0) notes.set("stale quote (over 2 h older than the newest)", stale.length);
}
