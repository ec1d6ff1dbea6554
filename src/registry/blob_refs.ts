// Finding the blobs that free JSON refers to: the artifacts of steps. A reference is known by its shape.

import type { BlobRef, Json } from "../domain/asset.ts";
import { isJsonObject } from "../domain/json.ts";

const SHA256 = /^[0-9a-f]{64}$/;

/** Every reference to a blob in a value, at any depth. */
export function blobRefsIn(value: Json): BlobRef[] {
  if (Array.isArray(value)) return value.flatMap(blobRefsIn);
  if (!isJsonObject(value)) return [];
  const { sha256, byteLength } = value;
  const isRef = typeof sha256 === "string" && SHA256.test(sha256) && typeof byteLength === "number";
  const own = isRef ? [{ sha256, byteLength }] : [];
  return [...own, ...Object.values(value).flatMap(blobRefsIn)];
}
