// Stand-in for jsr:@std/encoding/hex, over V8's own Uint8Array hex methods.

/** Lower-case hexadecimal of the bytes. */
export function encodeHex(src: string | Uint8Array | ArrayBuffer): string {
  const bytes = typeof src === "string"
    ? new TextEncoder().encode(src)
    : src instanceof Uint8Array
    ? src
    : new Uint8Array(src);
  return bytes.toHex();
}

/** Bytes of a hexadecimal string; throws a SyntaxError where it is none. */
export function decodeHex(src: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(src);
}
