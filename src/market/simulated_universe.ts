// The coins of the simulated market: invented names, sizes and temperaments, drawn once from the
// seed. Before the first price; everything that changes from hour to hour is in simulated_prices.ts.

import type { Mt19937 } from "../random.ts";

/** As many coins as one page of the real market holds. A request for fewer gets the largest. */
export const COIN_COUNT = 250;
/**
 * Coins in a tier. Tiers are apart in size, so that who is among the first 50, 100, … seldom
 * changes: a coin that flickers in and out of the answer would look abnormal for no other reason.
 */
export const TIER_SIZE = 50;
export const SECTOR_COUNT = 6;

/** Positions by size; in the two tiers that the usual request for 100 coins sees, four each. */
const STABLECOINS: readonly number[] = [2, 6, 19, 34, 53, 66, 79, 91];
const LARGEST_LOG_CAP = Math.log(9e11);
const LOG_CAP_STEP = 0.03;
const LOG_CAP_TIER_GAP = 0.4;
const DAY_HOURS = 24;

/** Two letters of a head and two of a tail make a symbol; they are distinct, so symbols are. */
const HEADS: readonly string[] = [
  ...["Azq", "Bluv", "Crem", "Dovr", "Eskl", "Fynd", "Gruv", "Hexl", "Ilv", "Jorb", "Kelm", "Luxq"],
  ...[
    "Myrv",
    "Nolt",
    "Ombr",
    "Plin",
    "Quor",
    "Rhov",
    "Skav",
    "Tuln",
    "Urv",
    "Vexl",
    "Wold",
    "Xand",
  ],
  "Zeph",
];
const TAILS: readonly string[] = [
  ...["abith", "ebrun", "idane", "orvex", "umble", "yspar", "inqa", "ostil", "alune", "ektor"],
];

/** What a coin is, for all hours. Logarithms are natural and of USD. */
export interface SimulatedCoin {
  id: string;
  symbol: string;
  name: string;
  /** Position by size, 0-based, at the beginning; divided by TIER_SIZE it is the tier. */
  index: number;
  sector: number;
  /** Pegged to 1 USD: follows no factor. */
  isStable: boolean;
  /** The price that it reverts to, before the anchor moves. */
  logPrice: number;
  circulatingSupply: number;
  maxSupply: number | null;
  /** Response to the whole market's and to its sector's returns. */
  marketBeta: number;
  sectorBeta: number;
  /** Standard deviation of its own hourly log return. */
  volatility: number;
  /** Usual volume of 24 h over market cap, as a logarithm. */
  logTurnover: number;
  /** The records that it had made before the simulation began. */
  athLogPrice: number;
  athHour: number;
  atlLogPrice: number;
  atlHour: number;
}

/** The universe of a seed: COIN_COUNT coins by descending size. */
export function drawUniverse(random: Mt19937): SimulatedCoin[] {
  const nameOrder = random.permutation(COIN_COUNT);
  return Array.from(nameOrder, (name, index) => drawCoin(index, name, random));
}

function drawCoin(index: number, nameIndex: number, random: Mt19937): SimulatedCoin {
  const uniform = (low: number, high: number) => low + (high - low) * random.random();
  const isStable = STABLECOINS.includes(index);
  const logCap = LARGEST_LOG_CAP - LOG_CAP_STEP * index -
    LOG_CAP_TIER_GAP * Math.floor(index / TIER_SIZE);
  // Real prices span the orders of magnitude evenly, with the large coins dearer.
  const logPrice = isStable ? 0 : uniform(-9, 5) + 5 * (1 - index / COIN_COUNT);
  const circulatingSupply = Math.round(Math.exp(logCap - logPrice));
  return {
    ...nameOf(nameIndex, isStable),
    index,
    sector: random.randint(SECTOR_COUNT),
    isStable,
    logPrice,
    circulatingSupply,
    maxSupply: random.random() < 0.5 ? null : Math.round(circulatingSupply * uniform(1, 2)),
    marketBeta: isStable ? 0 : uniform(0.7, 1.3),
    sectorBeta: isStable ? 0 : uniform(0.5, 1.2),
    volatility: isStable ? 0.0003 : uniform(0.003, 0.007),
    logTurnover: Math.log(isStable ? 0.15 : 0.05) + 0.5 * random.normal(),
    athLogPrice: logPrice + (isStable ? uniform(0.01, 0.04) : uniform(0.4, 2)),
    athHour: -Math.round(DAY_HOURS * uniform(100, 1500)),
    atlLogPrice: logPrice - (isStable ? uniform(0.05, 0.15) : uniform(1.2, 4)),
    atlHour: -Math.round(DAY_HOURS * uniform(100, 1500)),
  };
}

/** The prefix of the id keeps an invented coin from ever being taken for a real one. */
function nameOf(
  nameIndex: number,
  isStable: boolean,
): { id: string; symbol: string; name: string } {
  const head = HEADS[nameIndex % HEADS.length]!;
  const tail = TAILS[Math.floor(nameIndex / HEADS.length)]!;
  const name = head + tail;
  const symbol = (head.slice(0, 2) + tail.slice(0, 2)).toLowerCase();
  const id = `sim-${name.toLowerCase()}`;
  if (!isStable) return { id, symbol, name };
  return { id: `${id}-dollar`, symbol: `${symbol}usd`, name: `${name} Dollar` };
}
