// A text that is sent more than once: tagged by what is in it, and packed when the first one asks for it
// packed.

import { promisify } from "node:util";
import { gzip as gzipCallback } from "node:zlib";
import type { Context } from "hono";
import { sha256Base64 } from "./digest.ts";

const gzip = promisify(gzipCallback);

export class Sendable {
  readonly digest: string;
  #zipped: Promise<Uint8Array<ArrayBuffer>> | null = null;

  /** @param type its media type, with the character set */
  constructor(readonly text: string, readonly type: string) {
    this.digest = sha256Base64(text);
  }

  /** The answer: 304 to whoever has it, gzip to whoever takes it. */
  async send(c: Context, cacheControl: string): Promise<Response> {
    const etag = `"${this.digest}"`;
    c.header("etag", etag);
    c.header("cache-control", cacheControl);
    c.header("vary", "accept-encoding, cookie");
    if (c.req.header("if-none-match") === etag) return c.body(null, 304);
    c.header("content-type", this.type);
    if (!/\bgzip\b/.test(c.req.header("accept-encoding") ?? "")) return c.body(this.text);
    this.#zipped ??= gzip(this.text).then((bytes) => new Uint8Array(bytes));
    c.header("content-encoding", "gzip");
    return c.body(await this.#zipped);
  }
}
