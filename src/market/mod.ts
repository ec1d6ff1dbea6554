// The market sources, behind one interface, opened by what a person types.

import { AppError } from "../domain/errors.ts";
import type { MarketSource, SourceKind } from "../domain/market.ts";
import type { Simulator } from "./simulator.ts";

export { parseMarkets } from "./parse.ts";

export interface SourceOptions {
  env: (name: string) => string | undefined;
  nowMs: () => number;
  /** Of the simulated market. */
  seed: number;
}

/** What a source's name means. Throws AppError `invalid` for any other. */
export function parseSourceName(name: string): { kind: SourceKind; folder: string | null } {
  if (name === "coingecko" || name === "simulated") return { kind: name, folder: null };
  if (/^replay:./.test(name)) return { kind: "replay", folder: name.slice("replay:".length) };
  throw new AppError(
    "invalid",
    `Cannot open market source "${name}": expected coingecko, simulated or replay:<folder>. ` +
      `Next: correct --source or ANOMALY_SOURCE`,
  );
}

/**
 * Opens a source; fetches nothing yet. Sources are imported when they are asked for, because most
 * commands need none. Throws AppError `invalid` for an unknown name or a folder without recordings.
 */
export async function openSource(name: string, options: SourceOptions): Promise<MarketSource> {
  const { kind, folder } = parseSourceName(name);
  switch (kind) {
    case "coingecko":
      return new (await import("./coingecko.ts")).CoinGecko(options);
    case "simulated":
      return await simulator(options.seed);
    case "replay":
      return await (await import("./replay.ts")).Replay.open(folder!);
  }
}

/** The last simulated market: it depends on the seed alone, and walking on from where it is is cheap. */
let walked: Simulator | null = null;

async function simulator(seed: number): Promise<Simulator> {
  const { Simulator } = await import("./simulator.ts");
  if (walked?.identity.key !== String(seed)) walked = new Simulator({ seed });
  return walked;
}
