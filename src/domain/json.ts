// The border between camelCase in TypeScript and snake_case in JSON.

import type { Json, JsonObject } from "./asset.ts";

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function snakeCase(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/**
 * A value whose keys are not field names of ours, or are in wire form already: a config as its file has
 * it, a map whose keys a person chose (branches, environments). `toJson` leaves its keys as they are.
 */
export class Verbatim {
  constructor(readonly value: unknown) {}
}

/**
 * The value as JSON with snake_case keys, deeply, except within `Verbatim`.
 * NaN and infinities become null, as in JSON.stringify; undefined properties are left out.
 */
export function toJson(value: unknown): Json {
  return convert(value, snakeCase);
}

function convert(value: unknown, rename: (key: string) => string): Json {
  if (value instanceof Verbatim) return convert(value.value, (key) => key);
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map((item) => convert(item, rename));
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") {
    const result: Record<string, Json> = {};
    for (const [key, inner] of Object.entries(value)) {
      if (inner !== undefined) result[rename(key)] = convert(inner, rename);
    }
    return result;
  }
  return String(value);
}

/** Canonical JSON text: keys sorted at every level, so that equal values hash equally. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.keys(value).sort().map((key) =>
      `${JSON.stringify(key)}:${canonicalJson(value[key]!)}`
    );
    return `{${entries.join(",")}}`;
  }
  return JSON.stringify(value);
}
