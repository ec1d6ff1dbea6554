// Numbers, times and foreign text as a card shows them. Beside the pages; depends on no locale and no
// clock, so that a card made twice is the same.

import { utc } from "../domain/time.ts";

export { duration } from "../domain/time.ts";

/** Undefined is "–", never 0. */
export const UNDEFINED = "–";

/** Control, direction and zero-width characters, and halves of surrogate pairs. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;

/**
 * Text from outside, with every character that is not seen or that turns the direction of what follows
 * made visible: a coin's name cannot pass for another's, or rearrange the line that it stands in.
 */
export function plainText(text: string): string {
  return text.replace(INVISIBLE, "\ufffd");
}

/** A number with so many decimals, thousands parted and a true minus; null is "–". */
export function decimal(value: number | null, decimals = 3): string {
  if (value === null || !Number.isFinite(value)) return UNDEFINED;
  const text = value.toFixed(decimals);
  const [whole, rest] = text.replace("-", "").split(".");
  const sign = text.startsWith("-") && Number(text) !== 0 ? "−" : "";
  const parted = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  return sign + parted + (rest === undefined ? "" : `.${rest}`);
}

export function count(value: number): string {
  return decimal(value, 0);
}

/** A share as a percentage: 0.1234 → "12.3 %". */
export function percent(share: number | null): string {
  return share === null ? UNDEFINED : `${decimal(100 * share, 1)}\u00a0%`;
}

/** A change in percent, with its sign. */
export function change(pct: number | null): string {
  if (pct === null || !Number.isFinite(pct)) return UNDEFINED;
  return `${pct >= 0.05 ? "+" : ""}${decimal(pct, 1)}\u00a0%`;
}

/** A value of any size with so many significant digits, and never an exponent. */
export function significant(value: number | null, digits = 4): string {
  if (value === null || !Number.isFinite(value)) return UNDEFINED;
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  return decimal(value, Math.min(14, Math.max(0, digits - 1 - magnitude)));
}

/** "2022-05-09 17:00 UTC" */
export function instant(iso: string | null): string {
  return iso === null ? UNDEFINED : utc(iso).replace(" UTC", "\u00a0UTC");
}

/** An instant beside another: "06:00" of the same day, "05-09 17:00" of the same year, else in full. */
export function briefInstant(iso: string, beside: string): string {
  const time = iso.slice(11, 16);
  if (iso.slice(0, 10) === beside.slice(0, 10)) return time;
  return `${iso.slice(iso.slice(0, 4) === beside.slice(0, 4) ? 5 : 0, 10)} ${time}`;
}

/** A price in USD with four significant digits, and never an exponent: "$1,234", "$0.0001235". */
export function price(usd: number | null): string {
  if (usd === null || !Number.isFinite(usd)) return UNDEFINED;
  const decimals = usd === 0 ? 2 : Math.min(12, Math.max(0, 3 - Math.floor(Math.log10(usd))));
  return `$${usd.toFixed(decimals).replace(/\B(?=(\d{3})+(\.|$))(?<!\.\d*)/g, ",")}`;
}
