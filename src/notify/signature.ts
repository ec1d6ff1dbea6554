// The signature of a webhook, by the convention of Standard Webhooks: HMAC-SHA256 over id, time and body, so
// that a receiver knows who sent it, what was sent, and that it is no old message played again.

import { AppError } from "../domain/errors.ts";

const encoder = new TextEncoder();

/** As many as the convention asks for: nobody guesses them. */
const MIN_KEY_BYTES = 24;

export type SigningKey = Uint8Array<ArrayBuffer>;

/**
 * The keys of a secret: `whsec_` and base64, or text as it is; several with blanks between while a receiver
 * changes from one to the next. Throws `invalid` for what is no secret or can be guessed.
 */
export function signingKeys(secret: string, variable: string): SigningKey[] {
  return secret.trim().split(/\s+/).map((one) => {
    const key = keyOf(one);
    if (key !== null && key.byteLength >= MIN_KEY_BYTES) return key;
    const found = key === null ? "whsec_ and no base64" : `${key.byteLength} bytes`;
    throw new AppError(
      "invalid",
      `Cannot sign with ${variable}: found ${found}, expected at least ${MIN_KEY_BYTES} bytes, as base64 ` +
        `after whsec_ or as text. Next: anomaly token --quiet`,
    );
  });
}

function keyOf(secret: string): SigningKey | null {
  if (!secret.startsWith("whsec_")) return encoder.encode(secret);
  try {
    return Uint8Array.fromBase64(secret.slice("whsec_".length));
  } catch {
    return null;
  }
}

export interface Signed {
  id: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

/** The value of `webhook-signature`: a signature by every key. */
export async function signatures(
  { id, timestamp, body }: Signed,
  keys: readonly SigningKey[],
): Promise<string> {
  const content = encoder.encode(`${id}.${timestamp}.${body}`);
  const all = await Promise.all(keys.map(async (raw) => {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["sign"]);
    const mac = await crypto.subtle.sign("HMAC", key, content);
    return `v1,${new Uint8Array(mac).toBase64()}`;
  }));
  return all.join(" ");
}
