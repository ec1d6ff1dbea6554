// The scale of prices: logarithmic, as a fall by half is the same fall at any price, unless they are so
// near one another that a logarithm says nothing.

// @ts-types="npm:@types/d3-scale@^4.0.9"
import { scaleLinear, scaleLog } from "d3-scale";

export interface PriceScale {
  isLog: boolean;
  y: (price: number) => number;
  /** At most four. */
  ticks: number[];
}

/** Highest over lowest, below which the scale is linear. */
const LEAST_LOG_RATIO = 1.5;
const MOST_TICKS = 4;
/** Room above and below the prices, as a share of their span. */
const ROOM = 0.06;

/** Steps within a power of ten, the finest first. */
const MANTISSAS = [
  [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9],
  [1, 1.5, 2, 3, 4, 6, 8],
  [1, 2, 4, 8],
  [1, 2, 5],
  [1, 3],
  [1],
];

export function priceScale(low: number, high: number, top: number, bottom: number): PriceScale {
  const isLog = low > 0 && high / low >= LEAST_LOG_RATIO;
  if (!isLog) {
    const pad = high > low ? ROOM * (high - low) : Math.max(Math.abs(high) * 0.01, 1e-12);
    const scale = scaleLinear().domain([low - pad, high + pad]).range([bottom, top]);
    return { isLog, y: scale, ticks: scale.ticks(3).slice(0, MOST_TICKS) };
  }
  const pad = Math.pow(high / low, ROOM);
  const ends = [low / pad, high * pad] as const;
  const scale = scaleLog().domain(ends).range([bottom, top]);
  return { isLog, y: scale, ticks: logTicks(...ends) };
}

function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  for (const mantissas of MANTISSAS) {
    const ticks = [];
    for (let power = first; power <= last; power++) {
      for (const mantissa of mantissas) {
        const tick = Number(`${mantissa}e${power}`);
        if (tick >= low && tick <= high) ticks.push(tick);
      }
    }
    if (ticks.length <= MOST_TICKS) return ticks;
  }
  const every = Math.ceil((last - first + 1) / MOST_TICKS);
  const ticks = [];
  for (let power = first + 1; power <= last; power += every) {
    const tick = Number(`1e${power}`);
    if (tick <= high) ticks.push(tick);
  }
  return ticks;
}
