import { assert, assertEquals } from "@std/assert";
import { driversSentence, driverWords, familyOf, wordsOf } from "../../src/domain/drivers.ts";
import type { Driver } from "../../src/domain/prediction.ts";
import { FEATURE_NAMES } from "../../src/features/temporal.ts";

function driver(feature: string, value: number, given: Partial<Driver> = {}): string {
  return driverWords({ feature, value, contribution: -0.1, marketMedian: null, usual: 1, ...given })
    .replaceAll("\u00a0", " ");
}

Deno.test("every feature has words of its own", () => {
  const labels = FEATURE_NAMES.map((name) => wordsOf(name).label);
  assertEquals(new Set(labels).size, FEATURE_NAMES.length);
  for (const name of FEATURE_NAMES) {
    assert(wordsOf(name).meaning !== wordsOf("made up").meaning, name);
    assert(!wordsOf(name).label.includes("_"), name);
  }
});

Deno.test("a change is told as what happened, against the market's median", () => {
  const market = { marketMedian: -4 };
  assertEquals(
    driver("price_change_pct_24h", -31, market),
    "fell 31.0 % in 24 h (market −4.0 %)",
  );
  assertEquals(
    driver("price_change_pct_7d_lag_6h", 1234.56, market),
    "rose 1,234.6 % in 7 d, 6 h ago (market −4.0 %)",
  );
  assertEquals(
    driver("price_change_pct_24h_rolling_mean_24h", -2, { usual: 0.2 }),
    "fell 2.0 % in 24 h, 24 h mean (usually +0.2 %)",
  );
  assertEquals(
    driver("price_change_pct_1h", -0.04, { usual: 0 }),
    "did not move in 1 h (usually 0.0 %)",
  );
});

Deno.test("volatility is told in multiples of the usual, where it is far from it", () => {
  const usual = { usual: 0.05, marketMedian: 0.12 };
  assertEquals(
    driver("sparkline_volatility", 0.3, usual),
    "7 d volatility 6.0 × the usual (market 2.4 ×)",
  );
  assertEquals(
    driver("sparkline_volatility_lag_24h", 0.01, { usual: 0.05 }),
    "7 d volatility 0.20 × the usual, 24 h ago (1.0 %)",
  );
  assertEquals(
    driver("sparkline_volatility", 0.06, usual),
    "7 d volatility 6.0 % (market 12.0 %)",
  );
  assertEquals(
    driver("sparkline_volatility", 0.06, { usual: 0 }),
    "7 d volatility 6.0 % (usually 0.0 %)",
  );
});

Deno.test("a spread is told in percentage points, as far as there are any", () => {
  assertEquals(
    driver("price_change_pct_24h_rolling_std_6h", 9, { usual: 1.5 }),
    "24 h change varied 9.0 pp over 6 h (usually 1.5 pp)",
  );
  assertEquals(
    driver("sparkline_volatility_rolling_std_24h", 0.041, { marketMedian: 0.01 }),
    "7 d volatility varied 4.1 pp over 24 h (market 1.0 pp)",
  );
  assertEquals(
    driver("market_cap_to_volume_rolling_std_6h", 12.34, { marketMedian: 2 }),
    "market cap to volume varied 12 over 6 h (market 2.0)",
  );
  assertEquals(
    driver("ath_change_pct_rolling_std_24h", 3.2, { marketMedian: 0.5 }),
    "varied 3.2 pp against its high over 24 h (market 0.5 pp)",
  );
});

Deno.test("trading and the all-time high are told in their own terms, logarithm or not", () => {
  const ratio = 3.2;
  const words = "market cap 3.2 × a day's volume (market 25 ×)";
  assertEquals(driver("market_cap_to_volume", ratio, { marketMedian: 25 }), words);
  assertEquals(
    driver("market_cap_to_volume_log", Math.log1p(ratio), { marketMedian: Math.log1p(25) }),
    words,
  );
  assertEquals(
    driver("ath_change_pct_lag_6h", -92.3, { marketMedian: -60 }),
    "92.3 % below its all-time high, 6 h ago (market 60.0 % below)",
  );
  assertEquals(
    driver("ath_change_pct", 0, { usual: -71 }),
    "at its all-time high (usually 71.0 % below)",
  );
});

Deno.test("what drove a flag is one line of a table, whatever the feature", () => {
  for (const name of FEATURE_NAMES) {
    const words = driver(name, name.endsWith("_log") ? 3.35 : 0.41, { marketMedian: 0.28 });
    assert(words.length <= 60, words);
  }
});

Deno.test("lags, windows and logarithms are of the family of their base", () => {
  const families = new Set(FEATURE_NAMES.map(familyOf));
  assertEquals(families.size, 6 + 3, [...families].join(" "));
  assertEquals(familyOf("price_change_pct_24h_rolling_std_6h"), "price_change_pct_24h");
  assertEquals(familyOf("market_cap_to_volume_log"), "market_cap_to_volume");
});

Deno.test("drivers are joined, the strongest first, and an unknown feature goes by its name", () => {
  const one = { value: 2, contribution: -1, marketMedian: null, usual: 2 };
  assertEquals(
    driversSentence([{ feature: "my_own_feature", ...one }, {
      feature: "has_gap_in_history",
      ...one,
      value: 1,
    }]),
    "my own feature 2.00 (usually 2.00); unseen for over 90 minutes within the last day",
  );
  assertEquals(driversSentence([]), "");
});
