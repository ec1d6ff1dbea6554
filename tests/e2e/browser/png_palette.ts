// Pictures of flat pages as PNGs with a palette: a third of the bytes, and no difference to be seen. Pages
// have few colours; what lies between them on the edges of letters goes to the nearest of 256.

import { deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = 8;
const MAX_COLOURS = 256;

/** Takes 8-bit RGB and RGBA without transparency, as browsers write them. */
export function withPalette(png: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunks = readChunks(png);
  const header = chunks.find(({ type }) => type === "IHDR")!.data;
  const view = new DataView(header.buffer, header.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const channels = header[9] === 6 ? 4 : 3;
  const packed = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const bytes = new Uint8Array(inflateSync(concat(packed)));
  const pixels = unfilter(bytes, width * channels, channels);
  const { palette, indexOf } = paletteOf(coloursOf(pixels, channels));
  const rows = new Uint8Array((width + 1) * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += channels) {
      rows[y * (width + 1) + 1 + x] = indexOf.get(rgbAt(pixels, i))!;
    }
  }
  const ihdr = header.slice();
  ihdr.set([8, 3], 8);
  const plte = Uint8Array.from(palette.flatMap((rgb) => [rgb >> 16, rgb >> 8 & 255, rgb & 255]));
  return concat([
    png.subarray(0, SIGNATURE),
    chunk("IHDR", ihdr),
    chunk("PLTE", plte),
    chunk("IDAT", new Uint8Array(deflateSync(rows, { level: 9 }))),
    chunk("IEND", new Uint8Array()),
  ]);
}

function readChunks(png: Uint8Array): { type: string; data: Uint8Array }[] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const chunks = [];
  for (let at = SIGNATURE; at < png.length;) {
    const length = view.getUint32(at);
    const type = new TextDecoder().decode(png.subarray(at + 4, at + 8));
    chunks.push({ type, data: png.slice(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

/** Bytes of the pixels: each row says how it was predicted from what is to the left and above. */
function unfilter(bytes: Uint8Array, stride: number, channels: number): Uint8Array {
  const height = bytes.length / (stride + 1);
  const out = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const kind = bytes[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < channels ? 0 : out[at - channels]!;
      const above = y === 0 ? 0 : out[at - stride]!;
      const corner = x < channels || y === 0 ? 0 : out[at - stride - channels]!;
      const guess = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][kind]!;
      out[at] = bytes[y * (stride + 1) + 1 + x]! + guess;
    }
  }
  return out;
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [a, b, c] = [left, above, corner].map((value) => Math.abs(guess - value));
  return a! <= b! && a! <= c! ? left : b! <= c! ? above : corner;
}

function rgbAt(pixels: Uint8Array, i: number): number {
  return pixels[i]! << 16 | pixels[i + 1]! << 8 | pixels[i + 2]!;
}

function coloursOf(pixels: Uint8Array, channels: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < pixels.length; i += channels) {
    const rgb = rgbAt(pixels, i);
    counts.set(rgb, (counts.get(rgb) ?? 0) + 1);
  }
  return counts;
}

/** One colour after the other, each the one that is missed most: often met, and far from those before. */
function paletteOf(colours: ReadonlyMap<number, number>) {
  const palette: number[] = [];
  const left = [...colours].map(([rgb, count]) => ({ rgb, count, index: 0, missed: Infinity }));
  while (palette.length < MAX_COLOURS) {
    const worst = left.reduce((a, b) => cost(a) >= cost(b) ? a : b);
    if (worst.missed === 0) break;
    palette.push(worst.rgb);
    for (const one of left) {
      const missed = distance(one.rgb, worst.rgb);
      if (missed < one.missed) Object.assign(one, { missed, index: palette.length - 1 });
    }
  }
  return { palette, indexOf: new Map(left.map(({ rgb, index }) => [rgb, index])) };
}

function cost({ count, missed }: { count: number; missed: number }): number {
  return missed === Infinity ? count * 1e9 : missed * Math.sqrt(count);
}

function distance(a: number, b: number): number {
  return ((a >> 16) - (b >> 16)) ** 2 + ((a >> 8 & 255) - (b >> 8 & 255)) ** 2 +
    ((a & 255) - (b & 255)) ** 2;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = concat([new TextEncoder().encode(type), data]);
  let crc = ~0;
  for (const byte of body) crc = CRC_TABLE[(crc ^ byte) & 255]! ^ (crc >>> 8);
  return concat([uint32(data.length), body, uint32(~crc)]);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
