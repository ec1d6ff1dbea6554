// A folder of recorded responses as a market: a MarketSource without a network, that gives one after
// another in the order of their times. The time of a recording is in its file's name.

import { AppError } from "../domain/errors.ts";
import type {
  MarketRequest,
  MarketSource,
  PriceAnswer,
  PriceRequest,
  RawResponse,
  SourceIdentity,
} from "../domain/market.ts";
import { parseMarkets } from "./parse.ts";
import { readCoins } from "./response_body.ts";

interface Recording {
  file: string;
  marketAtMs: number;
  /** Further files of the same time, which are not read. */
  passedOver: string[];
}

const NAME_EXAMPLES = "20220501T0000Z.json.gz, 2023-03-20T000851.json";
const REMOVE = "take the file out of the folder, so that the replay goes on with the following one";

/** `2022-05-01T00:00`, `20220501T0000Z`, `2023-03-20T000851`, anywhere in a file's name; UTC. */
const TIME_IN_NAME =
  /(?<!\d)(\d{4})-?(\d\d)-?(\d\d)[T_ -](\d\d)[:-]?(\d\d)(?:[:-]?(\d\d))?(?:\.\d+)?Z?(?!\d)/;

/** The market time in a file's name, ms; null where there is none. */
export function timeInName(name: string): number | null {
  const match = TIME_IN_NAME.exec(name);
  if (match) {
    const [, year, month, day, hour, minute, second = "00"] = match;
    const text = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
    const ms = Date.parse(`${text}Z`);
    // Date.parse takes the 30th of February for the 2nd of March.
    return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text) ? ms : null;
  }
  const epoch = /(?<!\d)(\d{10}|\d{13})(?!\d)/.exec(name)?.[1];
  return epoch === undefined ? null : Number(epoch) * (epoch.length === 10 ? 1000 : 1);
}

/** Recordings in the order of their time; of two with the same time the first by name counts. */
export class Replay implements MarketSource {
  readonly identity: SourceIdentity;
  readonly name: string;

  private constructor(
    private readonly folder: string,
    private readonly recordings: Recording[],
    key: string,
  ) {
    this.identity = { kind: "replay", key, location: folder };
    this.name = `replay:${folder}`;
  }

  /** Throws AppError `invalid` for a folder that is not there or holds no recordings. */
  static async open(folder: string): Promise<Replay> {
    const path = await realFolder(folder);
    const files: string[] = [];
    for await (const entry of Deno.readDir(path)) {
      if (!entry.isDirectory && /\.json(\.gz)?$/.test(entry.name)) files.push(entry.name);
    }
    if (files.length === 0) {
      throw refused(folder, "no .json or .json.gz files", `recordings such as ${NAME_EXAMPLES}`);
    }
    const recordings = inOrder(files.sort());
    if (recordings.length === 0) {
      throw refused(
        folder,
        `${files.length} files without a time in their name, such as ${files[0]}`,
        `names such as ${NAME_EXAMPLES}`,
      );
    }
    return new Replay(path, recordings, await contentKey(path, recordings[0]!.file));
  }

  /**
   * The first recording after `afterMs`, whole, however many coins were asked for. Throws AppError
   * `not_found` after the last one, and `unavailable` for a file that is no recorded response.
   */
  async fetch({ afterMs, signal }: MarketRequest): Promise<RawResponse> {
    signal?.throwIfAborted();
    const next = this.recordings.find(({ marketAtMs }) => afterMs === null || marketAtMs > afterMs);
    if (next === undefined) {
      const last = new Date(this.recordings.at(-1)!.marketAtMs).toISOString();
      throw new AppError(
        "not_found",
        `Cannot read a further recording of ${this.folder}: the last one is of ${last}, and it has ` +
          `been read. Next: work with what is there, see anomaly status`,
      );
    }
    const { file, marketAtMs, passedOver } = next;
    const path = `${this.folder}/${file}`;
    const body = await readRecording(path);
    readCoins(body, { subject: `recording ${path}`, advice: REMOVE });
    const others = passedOver.length === 0 ? "" : ` (of the same time: ${passedOver.join(", ")})`;
    return { marketAtMs, body, origin: file + others, labels: [] };
  }

  /**
   * The first recording of the span that quotes the coin. A quote that was made before the span is an
   * old price in a new recording, and is passed over.
   */
  async lookUp({ coinId, fromMs, toMs, signal }: PriceRequest): Promise<PriceAnswer> {
    signal?.throwIfAborted();
    const within = this.recordings.filter((one) =>
      one.marketAtMs >= fromMs && one.marketAtMs <= toMs
    );
    for (const { file, marketAtMs } of within) {
      signal?.throwIfAborted();
      const path = `${this.folder}/${file}`;
      const body = await readRecording(path);
      const coins = readCoins(body, { subject: `recording ${path}`, advice: REMOVE });
      const { rows } = parseMarkets(body);
      const row = rows.find((row) => row.coinId === coinId);
      if (row === undefined) continue;
      const quotedMs = row.lastUpdatedMs ?? marketAtMs;
      if (quotedMs < fromMs || quotedMs > toMs) continue;
      return {
        // All rows of that id: of several, one may be refused and another taken.
        body: jsonOf(coins.filter((coin) => (coin as { id?: unknown } | null)?.id === coinId)),
        origin: file,
        found: { price: row.currentPrice, atMs: marketAtMs },
      };
    }
    const files = within.map(({ file }) => file).join(", ") || "no recording";
    return { body: jsonOf([]), origin: `${files} of that time`, found: null };
  }

  extent(): Promise<{ firstMs: number; lastMs: number; count: number }> {
    return Promise.resolve({
      firstMs: this.recordings[0]!.marketAtMs,
      lastMs: this.recordings.at(-1)!.marketAtMs,
      count: this.recordings.length,
    });
  }
}

function jsonOf(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** One recording a time, by time; files without a time in their name are no recordings. */
function inOrder(sortedFiles: readonly string[]): Recording[] {
  const byTime = new Map<number, Recording>();
  for (const file of sortedFiles) {
    const marketAtMs = timeInName(file);
    if (marketAtMs === null) continue;
    const first = byTime.get(marketAtMs);
    if (first) first.passedOver.push(file);
    else byTime.set(marketAtMs, { file, marketAtMs, passedOver: [] });
  }
  return [...byTime.values()].sort((a, b) => a.marketAtMs - b.marketAtMs);
}

/**
 * 12 hex digits that stay the same wherever the folder lies: of the SHA-256 of the first recording's
 * name and bytes as stored. Later recordings may be added; an earlier one makes it another source.
 */
async function contentKey(folder: string, firstFile: string): Promise<string> {
  const name = new TextEncoder().encode(`${firstFile}\n`);
  const bytes = await readBytes(`${folder}/${firstFile}`);
  const named = new Uint8Array(name.length + bytes.length);
  named.set(name);
  named.set(bytes, name.length);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", named)).toHex().slice(0, 12);
}

async function realFolder(folder: string): Promise<string> {
  try {
    const path = await Deno.realPath(folder);
    if ((await Deno.stat(path)).isDirectory) return path;
  } catch (error) {
    const { NotFound, NotADirectory } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotADirectory) {
      throw refused(folder, "no such folder", `a folder of recordings such as ${NAME_EXAMPLES}`);
    }
    throw error;
  }
  throw refused(folder, "a file", "a folder of recordings");
}

function refused(folder: string, found: string, expected: string): AppError {
  return new AppError(
    "invalid",
    `Cannot replay ${folder}: found ${found}, expected ${expected}. ` +
      `Next: name one, as in --source replay:recordings`,
  );
}

async function readRecording(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readBytes(path);
  if (!path.endsWith(".gz")) return bytes;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): AppError {
  const found = cause instanceof Error ? cause.message : String(cause);
  return new AppError(
    "unavailable",
    `Cannot read recording ${path}: found "${found}", expected JSON, or JSON compressed with ` +
      `gzip. Next: ${REMOVE}.`,
    { cause },
  );
}
