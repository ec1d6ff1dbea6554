// The market as the program sees it: one source interface, the raw answer that is kept, and the rows
// that were understood or refused. First stop of the data path.

/** Where a branch's market data comes from. */
export type SourceKind = "coingecko" | "simulated" | "replay";

/**
 * What a branch is bound to, so that simulated rows never mix with real ones.
 * `key` tells two sources of one kind apart: the simulator's seed, or a hash of the first recording, so
 * that a folder of recordings may be moved.
 */
export type SourceIdentity = {
  kind: SourceKind;
  key: string;
  /** Of a replay only: the folder that was last read. A hint for people, never compared. */
  location?: string;
};

export interface MarketRequest {
  /** How many coins, by market cap, to ask for; at least 1. */
  numCoins: number;
  /** Market time of the branch's newest snapshot, in ms; null on a branch without any. */
  afterMs: number | null;
  signal?: AbortSignal;
  /** Hears of what takes long: a failed try, and when the next one comes. */
  onWait?: (message: string) => void;
}

/** One answer of the market, as it came, before anyone interprets it. */
export interface RawResponse {
  /** The instant that the answer speaks of: wall clock, recording's or simulator's. */
  marketAtMs: number;
  /** Verbatim UTF-8 JSON: an array of `/coins/markets` objects (of all pages, concatenated). */
  body: Uint8Array<ArrayBuffer>;
  /** Where it came from, for a person: a URL without keys, a file name, "simulated hour 17". */
  origin: string;
  /** The simulator's injected events that touch this hour; empty for real markets. */
  labels: MarketLabel[];
}

export type EventKind =
  | "pump"
  | "crash"
  | "depeg"
  | "wash_volume"
  | "stale_quote"
  | "missing_quote";

/** A labelled anomaly: the simulator knows what it injected. */
export interface MarketLabel {
  coinId: string;
  kind: EventKind;
  startMs: number;
  endMs: number;
}

/** Asks for one coin's price in a span of the past, by its id. */
export interface PriceRequest {
  coinId: string;
  /** The first price at or after `fromMs` and not after `toMs` is wanted. */
  fromMs: number;
  toMs: number;
  signal?: AbortSignal;
  onWait?: (message: string) => void;
}

/** The market's answer about one coin. */
export interface PriceAnswer {
  /** Verbatim UTF-8 JSON. */
  body: Uint8Array<ArrayBuffer>;
  origin: string;
  /** The first price in the span, USD, and its own instant; null where the market knows none. */
  found: { price: number; atMs: number } | null;
}

/** One suite of tests holds for every source. */
export interface MarketSource {
  readonly identity: SourceIdentity;
  /** As a person names it: "coingecko", "simulated", "replay:<folder>". */
  readonly name: string;
  /**
   * The market now, the simulator's next hour, or the next recording after `afterMs`.
   * Throws AppError `unavailable` when the source does not answer usefully (exit 6), and `not_found`
   * when a recording has no further file.
   */
  fetch(request: MarketRequest): Promise<RawResponse>;
  /**
   * The price that a coin had in a span of the past, for coins that a snapshot no longer lists. Never
   * gives a price from outside of the span. Throws `unavailable` when the source does not answer.
   */
  lookUp(request: PriceRequest): Promise<PriceAnswer>;
  /** The first and last market time and the number of snapshots of a finite source; else null. */
  extent(): Promise<{ firstMs: number; lastMs: number; count: number } | null>;
}

/** One coin at one moment, understood. Prices in USD; null is "not known", never 0. */
export interface MarketRow {
  coinId: string;
  symbol: string;
  name: string;
  currentPrice: number;
  marketCap: number | null;
  marketCapRank: number | null;
  totalVolume: number | null;
  high24h: number | null;
  low24h: number | null;
  priceChangePct1h: number | null;
  priceChangePct24h: number | null;
  priceChangePct7d: number | null;
  priceChangePct30d: number | null;
  athChangePct: number | null;
  /** When the quote itself was made; may be days before the snapshot. */
  lastUpdatedMs: number | null;
  /** Hourly prices of the past seven days, oldest first; about 168 of them, null if absent. */
  sparkline: number[] | null;
}

export interface RefusedRow {
  /** Position in the response. */
  index: number;
  coinId: string | null;
  /** Short and countable: "no usable price", "duplicate id", … */
  reason: string;
}

/** A response row by row: what was taken, what was refused and why, what was odd but kept. */
export interface ParsedResponse {
  rows: MarketRow[];
  refused: RefusedRow[];
  /** Countable oddities of rows that were taken: "zero market cap read as null" → 3. */
  notes: Record<string, number>;
}
