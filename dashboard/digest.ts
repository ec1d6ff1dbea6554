// Short digests for entity tags and names of static files.

import { createHash } from "node:crypto";

/** 16 characters of the SHA-256 of a text: enough to tell its versions apart. */
export function sha256Base64(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}
