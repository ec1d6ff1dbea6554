// POSIX ustar: files in a row, each behind a header of 512 bytes, as every tar program reads them. Only
// what an archive of the registry needs: regular files with short names, nothing about owners or times,
// so that equal contents are equal bytes. Reading trusts no length, and nothing may follow the end.

import { AppError } from "../domain/errors.ts";

const BLOCK = 512;
/** Two empty blocks end a tar. Other programs fill up to a record of twenty. */
const END_BLOCKS = 2;
const MAX_END_BYTES = 64 * 1024;
/** Eleven octal digits. */
const MAX_SIZE = 8 ** 11 - 1;

/** Where each field of a header begins, and how long it is. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 8],
  prefix: [345, 155],
} as const;

const MAGIC = "ustar\x0000";

/** Bytes that lie somewhere and may be read in parts: an open file. */
export interface ByteSource {
  readonly size: number;
  /** Exactly so many bytes; whoever asks keeps within `size`. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A file in a tar. */
export interface TarEntry {
  name: string;
  size: number;
  /** Where its bytes begin. */
  offset: number;
}

/** The header of a file. Throws AppError `internal` for what a tar cannot hold. */
export function tarHeader(name: string, size: number): Uint8Array<ArrayBuffer> {
  if (!/^[\w./-]{1,100}$/.test(name) || !(size >= 0 && size <= MAX_SIZE)) {
    throw new AppError("internal", `Cannot write "${name}" of ${size} bytes into a tar.`);
  }
  const header = new Uint8Array(BLOCK);
  const put = (field: keyof typeof FIELD, text: string) =>
    header.set(new TextEncoder().encode(text), FIELD[field][0]);
  const octal = (field: keyof typeof FIELD, value: number) =>
    put(field, value.toString(8).padStart(FIELD[field][1] - 1, "0"));
  put("name", name);
  octal("mode", 0o644);
  octal("uid", 0);
  octal("gid", 0);
  octal("size", size);
  octal("mtime", 0);
  put("type", "0");
  put("magic", MAGIC);
  put("checksum", `${checksum(header).toString(8).padStart(6, "0")}\x00 `);
  return header;
}

/** What fills the last block of a file of that size. */
export function tarPadding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(paddingOf(size));
}

export function tarEnd(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(END_BLOCKS * BLOCK);
}

/**
 * The files of a tar in their order; their bytes are left where they are.
 * Throws what `refuse` makes of what was found and what was expected.
 */
export async function readTar(
  source: ByteSource,
  limits: { maxEntries: number },
  refuse: (found: string, expected: string) => AppError,
): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for (let at = 0;;) {
    if (at + BLOCK > source.size) {
      throw refuse(`its ${source.size} bytes end before the archive does`, "a whole one");
    }
    const header = await source.read(at, BLOCK);
    if (isEmpty(header)) {
      await checkEnd(source, at, refuse);
      return entries;
    }
    const entry = entryOf(header, at, refuse);
    at = entry.offset + entry.size + paddingOf(entry.size);
    if (at > source.size) {
      throw refuse(
        `"${entry.name}" is said to be ${entry.size} bytes, and the file ends after ${source.size}`,
        "a whole one",
      );
    }
    const filler = await source.read(entry.offset + entry.size, paddingOf(entry.size));
    if (!isEmpty(filler)) throw refuse(`bytes follow "${entry.name}"`, "nothing but zeros");
    entries.push(entry);
    if (entries.length > limits.maxEntries) {
      throw refuse(`more than ${limits.maxEntries} files`, "at most so many");
    }
  }
}

function entryOf(
  header: Uint8Array,
  at: number,
  refuse: (found: string, expected: string) => AppError,
): TarEntry {
  const isTar = textOf(header, "magic") === MAGIC.replaceAll("\x00", "") &&
    octalOf(header, "checksum") === checksum(header);
  if (!isTar) {
    throw refuse(`byte ${at} begins no file of a tar`, "the header of one (ustar), unchanged");
  }
  const name = textOf(header, "prefix") === ""
    ? textOf(header, "name")
    : `${textOf(header, "prefix")}/${textOf(header, "name")}`;
  const type = textOf(header, "type");
  if (type !== "" && type !== "0") {
    throw refuse(`"${name}" is a link, a folder or something else`, "regular files alone");
  }
  const size = octalOf(header, "size");
  if (size === null) throw refuse(`"${name}" has no length`, "one in octal digits");
  return { name, size, offset: at + BLOCK };
}

async function checkEnd(
  source: ByteSource,
  at: number,
  refuse: (found: string, expected: string) => AppError,
): Promise<void> {
  const left = source.size - at;
  if (left < END_BLOCKS * BLOCK) throw refuse("its end is cut off", "two empty blocks");
  const isNothing = left <= MAX_END_BYTES && isEmpty(await source.read(at, left));
  if (!isNothing) throw refuse(`${left} bytes follow its last file`, "nothing but empty blocks");
}

/** The sum of all bytes, where those of the sum itself count as spaces. */
function checksum(header: Uint8Array): number {
  const [start, length] = FIELD.checksum;
  return header.reduce(
    (sum, byte, i) => sum + (i >= start && i < start + length ? 0x20 : byte),
    0,
  );
}

function textOf(header: Uint8Array, field: keyof typeof FIELD): string {
  const [start, length] = FIELD[field];
  const bytes = header.subarray(start, start + length);
  if (field === "magic") return new TextDecoder("latin1").decode(bytes).replaceAll("\x00", "");
  const end = bytes.indexOf(0);
  return new TextDecoder("latin1").decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function octalOf(header: Uint8Array, field: "size" | "checksum"): number | null {
  const text = textOf(header, field).trim();
  return /^[0-7]{1,11}$/.test(text) ? parseInt(text, 8) : null;
}

function isEmpty(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function paddingOf(size: number): number {
  return (BLOCK - size % BLOCK) % BLOCK;
}
