// Model files: a TensorFile as bytes in the safetensors format, and back. The bytes are content
// addressed, so equal tensors must encode equally; and they may come from anywhere, so decoding trusts
// no length or offset in them. Format: 8-byte little-endian header length, JSON header, raw data.

import { AppError } from "../domain/errors.ts";
import type { Tensor, TensorData, TensorDtype, TensorFile } from "../domain/tensors.ts";

const LENGTH_BYTES = 8;
/** Data starts at a multiple of this, so that every element type is aligned. */
const ALIGNMENT = 8;
const SPACE = 0x20;
/** As in the reference implementation: a header beyond it is an attack or damage. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA_KEY = "__metadata__";

type ArrayClass<A> = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): A;
};

/** Element types in order of falling size: written in this order, all data is aligned. */
const ARRAY_CLASSES: { [D in TensorDtype]: ArrayClass<TensorData[D]> } = {
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
};
const DTYPES = Object.keys(ARRAY_CLASSES);

/** A tensor's line in the header; offsets count from the start of the data. */
interface Entry {
  dtype: TensorDtype;
  shape: number[];
  data_offsets: [start: number, end: number];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function damaged(found: string, expected: string, cause?: unknown): AppError {
  return new AppError(
    "invalid",
    `Cannot read the safetensors file: ${found}, expected ${expected}. Restore or rebuild the file.`,
    { cause },
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * The file's bytes. Deterministic: tensors go by element type and name, metadata by key.
 * Throws AppError `internal` for a tensor whose shape does not fit its data.
 */
export function encodeSafetensors(file: TensorFile): Uint8Array<ArrayBuffer> {
  const tensors = Object.entries(file.tensors).sort(([nameA, a], [nameB, b]) =>
    DTYPES.indexOf(a.dtype) - DTYPES.indexOf(b.dtype) || compareText(nameA, nameB)
  );
  const header = new TextEncoder().encode(headerJson(file.metadata, tensors));
  const dataStart = Math.ceil((LENGTH_BYTES + header.length) / ALIGNMENT) * ALIGNMENT;
  const dataLength = tensors.reduce((length, [, { data }]) => length + data.byteLength, 0);

  const bytes = new Uint8Array(dataStart + dataLength);
  const headerLength = BigInt(dataStart - LENGTH_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, headerLength, true);
  bytes.fill(SPACE, LENGTH_BYTES, dataStart);
  bytes.set(header, LENGTH_BYTES);
  let at = dataStart;
  for (const [, { data }] of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

function headerJson(metadata: Record<string, string>, tensors: [string, Tensor][]): string {
  const sorted = Object.entries(metadata).sort(([a], [b]) => compareText(a, b));
  const lines: [string, unknown][] = [[METADATA_KEY, Object.fromEntries(sorted)]];
  let start = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    if (name === METADATA_KEY || elementCount(shape) !== data.length) {
      throw new AppError(
        "internal",
        `Cannot write tensor "${name}": shape [${
          shape.join(", ")
        }] with ${data.length} elements, ` +
          `expected as many as the shape says and a name other than ${METADATA_KEY}`,
      );
    }
    const end = start + data.byteLength;
    lines.push([name, { dtype, shape, data_offsets: [start, end] }]);
    start = end;
  }
  // Joined by hand: an object would move names that look like integers to the front.
  return `{${
    lines.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")
  }}`;
}

/**
 * The tensors and metadata of a file; the data is copied out of `bytes`.
 * Throws AppError `invalid` for anything but a whole file: wrong lengths, tensors that overlap, leave
 * holes or reach beyond the end, unknown element types, shapes that do not fit.
 */
export function decodeSafetensors(bytes: Uint8Array): TensorFile {
  const headerEnd = readHeaderEnd(bytes);
  const header = readHeader(bytes.subarray(LENGTH_BYTES, headerEnd));
  const { [METADATA_KEY]: metadata, ...lines } = header;
  const entries = Object.entries(lines).map(([name, line]): [string, Entry] => [
    name,
    readEntry(name, line),
  ]);
  const data = bytes.subarray(headerEnd);
  requireGapless(entries, data.length);
  return {
    tensors: Object.fromEntries(entries.map(([name, entry]) => [name, copyTensor(entry, data)])),
    metadata: readMetadata(metadata),
  };
}

function readHeaderEnd(bytes: Uint8Array): number {
  if (bytes.length < LENGTH_BYTES) {
    throw damaged(`it has ${bytes.length} bytes`, `at least ${LENGTH_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const most = Math.min(bytes.length - LENGTH_BYTES, MAX_HEADER_BYTES);
  if (length > BigInt(most)) {
    throw damaged(`its header claims ${length} bytes`, `at most ${most}`);
  }
  return LENGTH_BYTES + Number(length);
}

function readHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw damaged("its header cannot be parsed", "JSON in UTF-8", cause);
  }
  if (!isObject(header)) throw damaged("its header is no JSON object", "names and tensors");
  return header;
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  const isText = isObject(value) && Object.values(value).every((text) => typeof text === "string");
  if (!isText) throw damaged(`${METADATA_KEY} is ${JSON.stringify(value)}`, "an object of texts");
  return value as Record<string, string>;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDtype(value: unknown): value is TensorDtype {
  return typeof value === "string" && Object.hasOwn(ARRAY_CLASSES, value);
}

/** One line of the header, consistent in itself. */
function readEntry(name: string, line: unknown): Entry {
  if (!isObject(line)) throw damaged(`tensor "${name}" is no JSON object`, "dtype, shape, offsets");
  const { dtype, shape, data_offsets: offsets } = line;
  if (!isDtype(dtype)) {
    throw damaged(`tensor "${name}" has dtype ${JSON.stringify(dtype)}`, DTYPES.join(", "));
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw damaged(`tensor "${name}" has shape ${JSON.stringify(shape)}`, "integers from 0");
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw damaged(`tensor "${name}" has offsets ${JSON.stringify(offsets)}`, "[start, end]");
  }
  const [start, end] = offsets as [number, number];
  const byteLength = elementCount(shape) * ARRAY_CLASSES[dtype].BYTES_PER_ELEMENT;
  if (end - start !== byteLength) {
    throw damaged(
      `tensor "${name}" lies at [${start}, ${end}]`,
      `${byteLength} bytes for ${dtype} of shape [${shape.join(", ")}]`,
    );
  }
  return { dtype, shape, data_offsets: [start, end] };
}

/** The tensors must cover the data once and completely, as the format demands. */
function requireGapless(entries: [string, Entry][], dataLength: number): void {
  const byOffset = entries.toSorted(([, a], [, b]) =>
    a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]
  );
  let expected = 0;
  for (const [name, { data_offsets: [start, end] }] of byOffset) {
    if (start !== expected) throw damaged(`tensor "${name}" starts at ${start}`, `${expected}`);
    expected = end;
  }
  if (expected !== dataLength) {
    throw damaged(`it has ${dataLength} bytes of data`, `the ${expected} that its tensors cover`);
  }
}

/** Copies, because the source may lie at any offset and typed arrays want aligned ones. */
function copyTensor({ dtype, shape, data_offsets: [start, end] }: Entry, data: Uint8Array): Tensor {
  const buffer = new ArrayBuffer(end - start);
  new Uint8Array(buffer).set(data.subarray(start, end));
  return { dtype, shape, data: new ARRAY_CLASSES[dtype](buffer) } as Tensor;
}
