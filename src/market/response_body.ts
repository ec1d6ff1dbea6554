// The body of a market's answer before its rows are looked at: an array of coins, or something else
// that is named for what it is. Sources check with it what they hand on; the parser begins with it.

import { AppError } from "../domain/errors.ts";

/** Enough of a foreign text to recognise it by, short enough for a line of a terminal. */
const QUOTE_LENGTH = 160;

/** How a complaint names the body, and what it advises. */
export interface BodyContext {
  /** As in "Cannot read <subject>: found …". */
  subject: string;
  /** As in "Next: <advice>.". */
  advice: string;
}

const ANY_RESPONSE: BodyContext = {
  subject: "the market's response",
  advice: "try again later, or use --source simulated",
};

/**
 * The elements of a body that is a JSON array and not empty, whatever they are.
 *
 * @throws AppError `unavailable` for any other body, saying what it was
 */
export function readCoins(body: Uint8Array, context: BodyContext = ANY_RESPONSE): unknown[] {
  const text = new TextDecoder().decode(body).trim();
  const found = parseJson(text);
  if (found.isJson && Array.isArray(found.value) && found.value.length > 0) return found.value;
  throw unreadable(describeBody(text), context, found.isJson ? undefined : found.error);
}

/** The error of a body from which no coin can be taken; `found` completes "found …". */
export function unreadable(
  found: string,
  { subject, advice }: BodyContext = ANY_RESPONSE,
  cause?: unknown,
): AppError {
  return new AppError(
    "unavailable",
    `Cannot read ${subject}: found ${found}, expected a JSON array of coins. Next: ${advice}.`,
    { cause },
  );
}

/** What a body that is no array of coins is, for a person: an HTML page, an error, text. */
export function describeBody(text: string): string {
  if (text === "") return "an empty body";
  const found = parseJson(text);
  return found.isJson ? describeJson(found.value) : describeNonJson(text);
}

type ParsedJson = { isJson: true; value: unknown } | { isJson: false; error: unknown };

function parseJson(text: string): ParsedJson {
  try {
    return { isJson: true, value: JSON.parse(text) };
  } catch (error) {
    return { isJson: false, error };
  }
}

function describeNonJson(text: string): string {
  const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1]?.trim();
  if (title) return `an HTML page ${quote(title)}`;
  if (text.startsWith("<")) return "an HTML page";
  if (/^[[{]/.test(text)) return `JSON that breaks off or is malformed (${text.length} characters)`;
  return `text ${quote(text)}`;
}

/** CoinGecko says `{status: {error_code, error_message}}` or `{error}`; both may come with status 200. */
function describeJson(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (!isObject(value)) return value === null ? "a JSON null" : `a JSON ${typeof value}`;
  const facts = isObject(value.status) ? value.status : value;
  const message = facts.error_message ?? facts.error ?? facts.message;
  const code = typeof facts.error_code === "number" ? ` ${facts.error_code}` : "";
  if (typeof message === "string") return `error${code} ${quote(message)}`;
  return `a JSON object with ${quote(Object.keys(value).slice(0, 5).join(", "))}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The beginning of a foreign text, quoted; control characters could rewrite a terminal's line. */
function quote(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, " ").trim();
  return line.length <= QUOTE_LENGTH ? `"${line}"` : `"${line.slice(0, QUOTE_LENGTH)}…"`;
}
