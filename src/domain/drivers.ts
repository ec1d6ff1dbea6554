// Why a coin was flagged, in words: what a feature measures, what it is now, and what it was compared
// with. Beside prediction.ts; read by whoever shows a flag to a person.

import type { Driver } from "./prediction.ts";

/** How a feature is measured, which decides how its value is said. */
export type FeatureUnit = "percent" | "ratio" | "number";

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
      meaning: `The same ${hours} hours before: ${base.meaning}`,
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
      meaning: `Mean over ${span} hours. ${over.meaning}`,
    }
    : {
      label: `spread of the ${over.label} over ${span} h`,
      unit: "ratio",
      meaning: `Standard deviation over ${span} hours. ${over.meaning}`,
    };
}

/** "24 h change −31.0 % against a market median of −4.0 %" */
export function driverWords({ feature, value, marketMedian, usual }: Driver): string {
  const { label, unit } = wordsOf(feature);
  if (feature === "has_gap_in_history") {
    return value === 1 ? "unseen for over 90 minutes within the last day" : "no gap in its history";
  }
  if (unit === "percent") {
    const against = marketMedian === null
      ? `usually ${percentText(usual)}`
      : `against a market median of ${percentText(marketMedian)}`;
    return `${label} ${percentText(value)} ${against}`;
  }
  const times = unit === "ratio" && usual > 0 && value >= 0 ? value / usual : null;
  if (times !== null && (times >= 1.5 || times <= 0.67)) {
    return `${label} ${digits(times, 2)} × the usual`;
  }
  return `${label} ${digits(value, 3)}, usually ${digits(usual, 3)}`;
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
