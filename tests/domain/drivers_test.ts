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

Deno.test("a change is said against the market's median", () => {
  const market = { marketMedian: -4 };
  assertEquals(
    driver("price_change_pct_24h", -31, market),
    "24 h change −31.0 % against a market median of −4.0 %",
  );
  assertEquals(
    driver("price_change_pct_24h_lag_6h", 1234.56, market),
    "24 h change 6 h ago +1,234.6 % against a market median of −4.0 %",
  );
  assertEquals(
    driver("price_change_pct_1h", -0.04, { usual: 0 }),
    "1 h change 0.0 % usually 0.0 %",
  );
});

Deno.test("a ratio is said in multiples of the usual, where it is far from it", () => {
  const usual = { usual: 0.05 };
  assertEquals(driver("sparkline_volatility", 0.3, usual), "7-day volatility 6.0 × the usual");
  assertEquals(driver("sparkline_volatility", 0.01, usual), "7-day volatility 0.20 × the usual");
  assertEquals(
    driver("sparkline_volatility", 0.06, usual),
    "7-day volatility 0.0600, usually 0.0500",
  );
  assertEquals(
    driver("price_change_pct_24h_rolling_std_6h", 9, { usual: 1.5 }),
    "spread of the 24 h change over 6 h 6.0 × the usual",
  );
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
    "my own feature 2.00, usually 2.00; unseen for over 90 minutes within the last day",
  );
  assertEquals(driversSentence([]), "");
});
