// Why a coin was flagged, in words: what a feature measures, what it is now, and what it was compared
// with. Beside prediction.ts; read by whoever shows a flag to a person.

import type { Driver } from "./prediction.ts";

/** How a feature is measured, which decides how its value is said. */
export type FeatureUnit = "percent" | "points" | "ratio" | "number";

/** An entry of the dictionary of features. */
export interface FeatureWords {
  /** As in "24 h change". */
  label: string;
  unit: FeatureUnit;
  /** A sentence on what it measures. */
  meaning: string;
}

const POINT_IN_TIME: Record<string, FeatureWords> = {
  price_change_pct_1h: {
    label: "1 h change",
    unit: "percent",
    meaning: "Change of the price over the last hour.",
  },
  price_change_pct_24h: {
    label: "24 h change",
    unit: "percent",
    meaning: "Change of the price over the last 24 hours.",
  },
  price_change_pct_7d: {
    label: "7-day change",
    unit: "percent",
    meaning: "Change of the price over the last seven days.",
  },
  market_cap_to_volume: {
    label: "market cap to volume",
    unit: "ratio",
    meaning: "Market capitalisation over the volume traded in 24 hours; low where much is traded.",
  },
  ath_change_pct: {
    label: "distance from the all-time high",
    unit: "percent",
    meaning: "The price against the highest that it ever was.",
  },
  sparkline_volatility: {
    label: "7-day volatility",
    unit: "ratio",
    meaning: "Standard deviation of the hourly prices of seven days over their mean.",
  },
};

const OTHERS: Record<string, FeatureWords> = {
  market_cap_to_volume_log: {
    label: "market cap to volume, logarithm",
    unit: "number",
    meaning: "Signed logarithm (log1p) of market cap to volume.",
  },
  hour_sin: {
    label: "hour of day (sine)",
    unit: "number",
    meaning: "Where in the day it is, UTC.",
  },
  hour_cos: {
    label: "hour of day (cosine)",
    unit: "number",
    meaning: "Where in the day it is, UTC.",
  },
  has_gap_in_history: {
    label: "gap in the history",
    unit: "number",
    meaning: "1 where the coin went unseen for over 90 minutes within the last day.",
  },
};

/**
 * What a feature is a version of: lags, windows and logarithms say in other words what their base says.
 */
export function familyOf(feature: string): string {
  return feature.replace(/_(lag_\d+h|rolling_(mean|std)_\d+h|log)$/, "");
}

/** Features that are no version of another, in the order in which a person learns them. */
export const BASE_FEATURES: readonly string[] = [
  ...Object.keys(POINT_IN_TIME),
  ...Object.keys(OTHERS).filter((name) => familyOf(name) === name),
];

/** What a feature is called and measures; one that is not known goes by its name. */
export function wordsOf(feature: string): FeatureWords {
  const plain = POINT_IN_TIME[feature] ?? OTHERS[feature];
  if (plain) return plain;
  const [, lagged, hours] = /^(.*)_lag_(\d+)h$/.exec(feature) ?? [];
  const base = POINT_IN_TIME[lagged ?? ""];
  if (base) {
    return {
      label: `${base.label} ${hours} h ago`,
      unit: base.unit,
      meaning: `${base.meaning} As it was ${hours} ${hours === "1" ? "hour" : "hours"} before.`,
    };
  }
  const [, rolled, statistic, span] = /^(.*)_rolling_(mean|std)_(\d+)h$/.exec(feature) ?? [];
  const over = POINT_IN_TIME[rolled ?? ""];
  if (!over) {
    return {
      label: feature.replaceAll("_", " "),
      unit: "number",
      meaning: "A feature of its own.",
    };
  }
  return statistic === "mean"
    ? {
      label: `mean of the ${over.label} over ${span} h`,
      unit: over.unit,
      meaning: `${over.meaning} Mean over ${span} hours.`,
    }
    : {
      label: `spread of the ${over.label} over ${span} h`,
      unit: over.unit === "percent" ? "points" : over.unit,
      meaning: `${over.meaning} Standard deviation over ${span} hours.`,
    };
}

/** What happened, and what it is held against; the second is "" where the first says it all. */
export interface DriverPhrase {
  /** "fell 31.0 % in 24 h, 6 h ago" */
  what: string;
  /** "market −4.0 %", or, where the market has no value, "usually −0.2 %" */
  against: string;
}

/** Spans of the features that are changes of the price. */
const CHANGE_SPANS: Record<string, string> = {
  price_change_pct_1h: "1\u00a0h",
  price_change_pct_24h: "24\u00a0h",
  price_change_pct_7d: "7\u00a0d",
};

/** Labels where a line has to hold more than them. */
const SHORT_LABELS: Record<string, string> = {
  price_change_pct_7d: "7\u00a0d change",
  sparkline_volatility: "7\u00a0d volatility",
};

/** How many percentage points one unit of a feature is; others are of no such kind. */
const POINTS: Record<string, number> = {
  price_change_pct_1h: 1,
  price_change_pct_24h: 1,
  price_change_pct_7d: 1,
  ath_change_pct: 1,
  sparkline_volatility: 100,
};

/** A driver as somebody would tell it: what happened first, then what is usual. */
export function driverPhrase(driver: Driver): DriverPhrase {
  const { feature, value } = driver;
  if (feature === "has_gap_in_history") {
    const what = value === 1
      ? "unseen for over 90 minutes within the last day"
      : "no gap in its history";
    return { what, against: "" };
  }
  const { base, when, isSpread } = partsOf(feature);
  if (isSpread) return spreadPhrase(driver, base, when);
  const phrase = levelPhrase(driver, base);
  return { ...phrase, what: phrase.what + when };
}

/** The base of a feature, and when or over which hours it was taken. */
function partsOf(feature: string): { base: string; when: string; isSpread: boolean } {
  const base = familyOf(feature);
  const lag = /_lag_(\d+)h$/.exec(feature)?.[1];
  if (lag !== undefined) return { base, when: `, ${lag}\u00a0h ago`, isSpread: false };
  const [, statistic, span] = /_rolling_(mean|std)_(\d+)h$/.exec(feature) ?? [];
  if (statistic === "std") return { base, when: ` over ${span}\u00a0h`, isSpread: true };
  const when = statistic === "mean" ? `, ${span}\u00a0h mean` : "";
  return { base, when, isSpread: false };
}

function levelPhrase(driver: Driver, base: string): DriverPhrase {
  const { feature, value } = driver;
  const { unit } = wordsOf(base);
  const label = shortLabel(base);
  const span = CHANGE_SPANS[base];
  if (span !== undefined) {
    return { what: moveText(value, span), against: against(driver, percentText) };
  }
  if (base === "ath_change_pct") {
    const below = (pct: number) => `${percentText(-pct).replace("+", "")} below`;
    const what = value > -0.05 ? "at its all-time high" : `${below(value)} its all-time high`;
    return { what, against: against(driver, below) };
  }
  if (base === "market_cap_to_volume") {
    const read = feature.endsWith("_log") ? unsignedLog : (logarithm: number) => logarithm;
    const times = (ratio: number) => `${digits(read(ratio), 2)}\u00a0×`;
    return { what: `market cap ${times(value)} a day's volume`, against: against(driver, times) };
  }
  if (unit === "ratio") return multiplePhrase(driver, label);
  const plain = (given: number) => digits(given, 3);
  return { what: `${label} ${plain(value)}`, against: against(driver, plain) };
}

function shortLabel(base: string): string {
  return SHORT_LABELS[base] ?? wordsOf(base).label;
}

function spreadPhrase(driver: Driver, base: string, when: string): DriverPhrase {
  const scale = POINTS[base];
  const text = (value: number) =>
    scale === undefined ? digits(value, 2) : `${grouped((scale * value).toFixed(1))}\u00a0pp`;
  const varied = `varied ${text(driver.value)}`;
  const what = base === "ath_change_pct"
    ? `${varied} against its high`
    : `${shortLabel(base)} ${varied}`;
  return { what: what + when, against: against(driver, text) };
}

function against({ marketMedian, usual }: Driver, text: (value: number) => string): string {
  return marketMedian === null ? `usually ${text(usual)}` : `market ${text(marketMedian)}`;
}

/** In multiples of the usual, where a value is far from it; the market in the same. */
function multiplePhrase(driver: Driver, label: string): DriverPhrase {
  const { value, marketMedian, usual } = driver;
  const times = usual > 0 && value >= 0 ? value / usual : 1;
  if (times > 0.67 && times < 1.5) {
    return { what: `${label} ${shareText(value)}`, against: against(driver, shareText) };
  }
  const multiple = (ratio: number) => `${digits(ratio, 2)}\u00a0×`;
  return {
    what: `${label} ${multiple(times)} the usual`,
    against: marketMedian === null ? shareText(value) : `market ${multiple(marketMedian / usual)}`,
  };
}

function moveText(pct: number, span: string): string {
  const size = grouped(Math.abs(pct).toFixed(1));
  if (size === "0.0") return `did not move in ${span}`;
  return `${pct < 0 ? "fell" : "rose"} ${size}\u00a0% in ${span}`;
}

/** Undoes the signed log1p. */
function unsignedLog(value: number): number {
  return Math.sign(value) * Math.expm1(Math.abs(value));
}

function shareText(share: number): string {
  return `${grouped((100 * share).toFixed(1))}\u00a0%`;
}

/** "fell 31.0 % in 24 h (market −4.0 %)" */
export function driverWords(driver: Driver): string {
  const { what, against } = driverPhrase(driver);
  return against === "" ? what : `${what} (${against})`;
}

/** What drove a flag, the strongest first. */
export function driversSentence(drivers: readonly Driver[]): string {
  return drivers.map(driverWords).join("; ");
}

function percentText(pct: number): string {
  const text = pct.toFixed(1);
  return `${Number(text) > 0 ? "+" : ""}${grouped(text)}\u00a0%`;
}

/** At least so many significant digits, and never an exponent. */
function digits(value: number, significant: number): string {
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const decimals = Math.min(12, Math.max(0, significant - 1 - magnitude));
  return grouped(value.toFixed(decimals));
}

/** True minus, and commas between thousands. */
function grouped(text: string): string {
  const [whole, decimals] = text.replace("-", "").split(".");
  const isZero = Number(text) === 0;
  const sign = text.startsWith("-") && !isZero ? "−" : "";
  const parted = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  return sign + parted + (decimals === undefined ? "" : `.${decimals}`);
}
