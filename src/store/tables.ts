// Tables as Parquet bytes and back: the form in which snapshots, datasets and predictions lie in the
// store, and in which they are handed out to pandas, polars or DuckDB as they are.

import { crc32 } from "node:zlib";
import { type FileMetaData, parquetMetadata, parquetRead, type SchemaElement } from "hyparquet";
import {
  ByteWriter,
  type ColumnSource,
  ParquetWriter,
  schemaFromColumnData,
} from "hyparquet-writer";
import type { Column, Table } from "../domain/table.ts";
import { AppError } from "../domain/errors.ts";

/** One row group: a table is read as a whole, and its largest use is a few ten thousand rows. */
const MAX_ROWS = 1_000_000;

/** "PAR1" before the pages; the footer's length and again "PAR1" behind the footer. */
const HEAD_BYTES = 4;
const TAIL_BYTES = 8;

/**
 * Key-value metadata with the CRC-32 of all pages. The reader trusts the counts in page headers, and
 * a damaged one sends it into loops of minutes: the checksum is compared before a page is looked at.
 */
const CHECKSUM_KEY = "pages_crc32";

/** Column names as the domain writes them; digits first would also lose their place in an object. */
const COLUMN_NAME = /^[a-z_][a-z0-9_]*$/;

/**
 * The table as a Parquet file: numbers as DOUBLE, times as TIMESTAMP (milliseconds, UTC), texts as
 * UTF-8 strings, every column nullable, SNAPPY. Doubles keep their bits, -0 included; NaN is written
 * as null. The same table and metadata give the same bytes, so that bytes can be addressed by hash.
 *
 * `metadata` becomes the file's key-value metadata. Unpaired surrogates in texts become U+FFFD, for
 * UTF-8 cannot hold them. Throws AppError `internal` for what no correct caller hands over: columns
 * of another length than `rowCount`, infinities, fractions of a millisecond, names out of shape.
 */
export function encodeTable(
  table: Table,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const columns = Object.entries(table.columns);
  if (table.rowCount > MAX_ROWS || (columns.length === 0 && table.rowCount > 0)) {
    throw refused(
      `${table.rowCount} rows in ${columns.length} columns`,
      `at most ${MAX_ROWS} rows`,
    );
  }
  if (CHECKSUM_KEY in metadata) {
    throw refused(`metadata "${CHECKSUM_KEY}"`, "another key: that one is taken");
  }
  const columnData = columns.map(([name, column]) => {
    if (column.values.length !== table.rowCount) {
      throw refused(`${column.values.length} values in column "${name}"`, `${table.rowCount}`);
    }
    if (!COLUMN_NAME.test(name)) throw refused(`a column named "${name}"`, "snake_case");
    return columnSource(name, column);
  });
  const writer = new ByteWriter();
  const kvMetadata = Object.keys(metadata).sort().map((key) => ({ key, value: metadata[key]! }));
  const parquet = new ParquetWriter({
    writer,
    schema: schemaFromColumnData({ columnData }),
    createdBy: "anomaly",
    // Statistics serve to skip row groups, and there is only one.
    statistics: false,
    kvMetadata,
  });
  // Size 0 stands for one page a column, which needs no page index between the pages and the footer.
  parquet.write({ columnData, rowGroupSize: MAX_ROWS, pageSize: 0 });
  // The footer is written by finish(), so the checksum can still join its metadata.
  kvMetadata.push({ key: CHECKSUM_KEY, value: checksum(writer.getBytes().subarray(HEAD_BYTES)) });
  parquet.finish();
  return new Uint8Array(writer.getBuffer());
}

function checksum(pages: Uint8Array): string {
  return crc32(pages).toString(16).padStart(8, "0");
}

function columnSource(name: string, column: Column): ColumnSource {
  switch (column.type) {
    case "text":
      return { name, type: "STRING", data: column.values };
    case "time":
      return {
        name,
        type: "TIMESTAMP",
        data: nullable(name, column.values, Number.isSafeInteger),
      };
    case "number":
      // A dictionary would merge 0 and -0, so doubles are written plainly.
      return {
        name,
        type: "DOUBLE",
        encoding: "PLAIN",
        data: nullable(name, column.values, Number.isFinite),
      };
  }
}

/** The values themselves where none is null, which spares an object a value; else with nulls. */
function nullable(
  name: string,
  values: Float64Array,
  allowed: (value: number) => boolean,
): Float64Array | (number | null)[] {
  let hasNull = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value !== value) hasNull = true;
    else if (!allowed(value)) {
      throw refused(`${value} in column "${name}", row ${i}`, "a finite number, whole for a time");
    }
  }
  return hasNull ? Array.from(values, (value) => value !== value ? null : value) : values;
}

function refused(found: string, expected: string): AppError {
  return new AppError(
    "internal",
    `Cannot write a table as Parquet: ${found}, expected ${expected}`,
  );
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The table in Parquet bytes that `encodeTable` wrote; columns in their order, nulls as NaN or null.
 * Throws AppError `internal` where the bytes are damaged, or another program wrote them.
 */
export async function decodeTable(bytes: Uint8Array): Promise<Table> {
  try {
    return await decode(bytes);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw unreadable(error instanceof Error ? error.message : String(error), error);
  }
}

async function decode(bytes: Uint8Array): Promise<Table> {
  const metadata = parquetMetadata(bytes, { geoparquet: false });
  checkPages(bytes, metadata);
  const rowCount = Number(metadata.num_rows);
  if (!(rowCount >= 0 && rowCount <= MAX_ROWS)) throw unreadable(`${rowCount} rows`);
  const columns: Record<string, Column> = {};
  for (const element of metadata.schema.slice(1)) {
    columns[element.name] = emptyColumn(element, rowCount);
  }
  const filled: Record<string, number> = {};
  // The reader does not catch what this callback throws, so the chunks are only collected here.
  const chunks: { columnName: string; columnData: ArrayLike<unknown>; rowStart: number }[] = [];
  await parquetRead({
    file: {
      byteLength: bytes.byteLength,
      slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
    },
    metadata,
    geoparquet: false,
    parsers: {
      timestampFromMilliseconds: Number,
      stringFromBytes: (text) => utf8.decode(text),
    },
    onChunk: (chunk) => chunks.push(chunk),
  });
  for (const { columnName, columnData, rowStart } of chunks) {
    fill(columns[columnName]!, columnData, rowStart);
    filled[columnName] = (filled[columnName] ?? 0) + columnData.length;
  }
  for (const name of Object.keys(columns)) {
    if ((filled[name] ?? 0) !== rowCount) {
      throw unreadable(`${filled[name] ?? 0} values in column "${name}" of ${rowCount} rows`);
    }
  }
  return { rowCount, columns };
}

/** Throws AppError `internal` unless the pages are those that the footer was written for. */
function checkPages(bytes: Uint8Array, metadata: FileMetaData): void {
  const footerStart = bytes.length - TAIL_BYTES - metadata.metadata_length;
  const found = checksum(bytes.subarray(HEAD_BYTES, footerStart));
  const expected = metadata.key_value_metadata?.find(({ key }) => key === CHECKSUM_KEY)?.value;
  if (found !== expected) {
    throw unreadable(`pages of checksum ${found}, and ${expected ?? "none"} in the footer`);
  }
}

function emptyColumn(element: SchemaElement, rowCount: number): Column {
  const { name, type, converted_type: converted } = element;
  if (type === "DOUBLE") return { type: "number", values: new Float64Array(rowCount) };
  if (type === "INT64" && converted === "TIMESTAMP_MILLIS") {
    return { type: "time", values: new Float64Array(rowCount) };
  }
  if (type === "BYTE_ARRAY" && converted === "UTF8") {
    return { type: "text", values: new Array<string | null>(rowCount).fill(null) };
  }
  throw unreadable(`column "${name}" of type ${converted ?? type}`);
}

function fill(column: Column, data: ArrayLike<unknown>, rowStart: number): void {
  if (column.type === "text") {
    for (let i = 0; i < data.length; i++) {
      const value = data[i];
      column.values[rowStart + i] = typeof value === "string" ? value : null;
    }
  } else if (data instanceof Float64Array) {
    column.values.set(data, rowStart);
  } else {
    for (let i = 0; i < data.length; i++) {
      const value = data[i];
      column.values[rowStart + i] = typeof value === "number" ? value : NaN;
    }
  }
}

function unreadable(found: string, cause?: unknown): AppError {
  return new AppError(
    "internal",
    `Cannot read a table from Parquet bytes: ${found}, expected a file as this program writes it. ` +
      "The bytes are damaged or of another writer; see: anomaly verify",
    cause === undefined ? {} : { cause },
  );
}
