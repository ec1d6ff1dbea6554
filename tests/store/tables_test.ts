// Parquet bytes: what goes in comes out with the same bits, and damage is said.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { parquetMetadata } from "hyparquet";
import { AppError } from "../../src/domain/errors.ts";
import type { Column, Table } from "../../src/domain/table.ts";
import { decodeTable, encodeTable } from "../../src/store/tables.ts";

function numberColumn(...values: number[]): Column {
  return { type: "number", values: Float64Array.from(values) };
}

function timeColumn(...values: number[]): Column {
  return { type: "time", values: Float64Array.from(values) };
}

function textColumn(...values: (string | null)[]): Column {
  return { type: "text", values };
}

function tableOf(columns: Record<string, Column>): Table {
  return { rowCount: Object.values(columns)[0]?.values.length ?? 0, columns };
}

/** Fails unless both tables have the same columns, types and values, by Object.is. */
function assertSame(actual: Table, expected: Table): void {
  assertStrictEquals(actual.rowCount, expected.rowCount);
  assertEquals(Object.keys(actual.columns), Object.keys(expected.columns));
  for (const [name, column] of Object.entries(expected.columns)) {
    const { type, values } = actual.columns[name]!;
    assertStrictEquals(type, column.type);
    assertStrictEquals(values.length, expected.rowCount);
    for (let i = 0; i < expected.rowCount; i++) {
      assert(
        Object.is(values[i], column.values[i]),
        `${name}[${i}]: ${values[i]} is not ${column.values[i]}`,
      );
    }
  }
}

async function assertRoundTrip(table: Table): Promise<void> {
  assertSame(await decodeTable(encodeTable(table)), table);
}

Deno.test("a table comes back with its columns, order, types and nulls", async () => {
  await assertRoundTrip(tableOf({
    name: textColumn("Bitcoin", null, ""),
    market_at: timeColumn(Date.UTC(2022, 4, 9), NaN, -1),
    current_price: numberColumn(30_000.5, NaN, 2e-9),
    a_last: numberColumn(1, 2, 3),
  }));
});

Deno.test("every double keeps its bits: -0, subnormals and the extremes", async () => {
  const values = [0, -0, 5e-324, -5e-324, 2.2e-308, 0.1, Number.MAX_VALUE, -Number.MAX_VALUE];
  await assertRoundTrip(tableOf({ plain: numberColumn(...values) }));
  await assertRoundTrip(tableOf({ with_null: numberColumn(...values, NaN) }));
  // Enough repetition that a dictionary would pay.
  const zeros = Array.from({ length: 500 }, (_, i) => i % 2 === 0 ? 0 : -0);
  await assertRoundTrip(tableOf({ zeros: numberColumn(...zeros) }));
});

Deno.test("texts of any script come back, a leading byte order mark and zero-width space too", async () => {
  const texts = ["\u200b\u200bTether", "\ufeffmark", "Ω≈ç", "🚀 moon", "a\0b", " ", "\u{10ffff}"];
  await assertRoundTrip(tableOf({ name: textColumn(...texts, null) }));
  await assertRoundTrip(tableOf({ name: textColumn(...Array(50).fill("\ufeffsame"), null) }));
});

Deno.test("columns that are null throughout, and tables without rows or columns, come back", async () => {
  await assertRoundTrip(tableOf({
    name: textColumn(null, null),
    market_at: timeColumn(NaN, NaN),
    price: numberColumn(NaN, NaN),
  }));
  await assertRoundTrip(tableOf({
    name: textColumn(),
    market_at: timeColumn(),
    price: numberColumn(),
  }));
  await assertRoundTrip(tableOf({}));
});

Deno.test("a table of 300,000 rows comes back", async () => {
  const rowCount = 300_000;
  const price = Float64Array.from({ length: rowCount }, (_, i) => i % 1000 === 7 ? NaN : i / 3);
  const name = Array.from({ length: rowCount }, (_, i) => i % 999 === 1 ? null : `coin ${i % 777}`);
  await assertRoundTrip(tableOf({
    name: { type: "text", values: name },
    price: { type: "number", values: price },
    market_at: { type: "time", values: Float64Array.from(price, (_, i) => i * 3_600_000) },
  }));
});

Deno.test("any table comes back", async () => {
  const row = fc.record({
    price: fc.double({ noDefaultInfinity: true }),
    market_at: fc.option(fc.integer({ min: -8.64e15, max: 8.64e15 }), { nil: NaN }),
    name: fc.option(fc.string({ unit: "binary" })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 60 }), async (rows) => {
      await assertRoundTrip(tableOf({
        price: numberColumn(...rows.map(({ price }) => price)),
        market_at: timeColumn(...rows.map((row) => row.market_at)),
        name: textColumn(...rows.map(({ name }) => name)),
      }));
    }),
    { numRuns: 200, seed: 3 },
  );
});

Deno.test("decodeTable() reads bytes that lie inside a larger buffer", async () => {
  const table = tableOf({ price: numberColumn(1, NaN, 3) });
  const bytes = encodeTable(table);
  const larger = new Uint8Array(bytes.length + 20).fill(255);
  larger.set(bytes, 7);
  assertSame(await decodeTable(larger.subarray(7, 7 + bytes.length)), table);
});

Deno.test("the same table and metadata give the same bytes, whatever the order of the metadata", () => {
  const make = () => tableOf({ name: textColumn("a", null), price: numberColumn(1, NaN) });
  assertEquals(
    encodeTable(make(), { branch: "main", asset: "market_snapshot" }),
    encodeTable(make(), { asset: "market_snapshot", branch: "main" }),
  );
});

Deno.test("metadata is kept in the file", () => {
  const bytes = encodeTable(tableOf({ price: numberColumn(1) }), { asset: "market_snapshot" });
  const asset = parquetMetadata(bytes).key_value_metadata?.find(({ key }) => key === "asset");
  assertStrictEquals(asset?.value, "market_snapshot");
});

Deno.test("encodeTable() refuses what a table cannot be", () => {
  const refuse = (table: Table, message: string) => {
    const error = assertThrows(() => encodeTable(table), AppError, message);
    assertStrictEquals(error.code, "internal");
  };
  refuse(tableOf({ price: numberColumn(1, Infinity) }), 'Infinity in column "price", row 1');
  refuse(tableOf({ price: numberColumn(-Infinity, NaN) }), "-Infinity");
  refuse(tableOf({ market_at: timeColumn(0.5) }), '0.5 in column "market_at"');
  refuse(tableOf({ "Market At": timeColumn(1) }), 'a column named "Market At"');
  refuse(tableOf({ "1": numberColumn(1) }), 'a column named "1"');
  refuse({ rowCount: 2, columns: { price: numberColumn(1) } }, '1 values in column "price"');
  refuse({ rowCount: 2, columns: {} }, "2 rows in 0 columns");
  const table = tableOf({ price: numberColumn(1) });
  assertThrows(() => encodeTable(table, { pages_crc32: "0" }), AppError, "pages_crc32");
});

Deno.test("decodeTable() says that bytes are damaged", async () => {
  const bytes = encodeTable(tableOf({
    name: textColumn(...Array.from({ length: 50 }, (_, i) => `coin ${i}`)),
    price: numberColumn(...Array.from({ length: 50 }, (_, i) => i / 7)),
  }));
  const damaged: Uint8Array[] = [
    new Uint8Array(),
    new TextEncoder().encode("no parquet at all"),
    bytes.subarray(0, bytes.length - 1),
    bytes.subarray(0, bytes.length / 2),
    bytes.subarray(100),
    Uint8Array.from(bytes, (byte, i) => i < 60 ? 0 : byte),
  ];
  for (const each of damaged) {
    const error = await assertRejects(() => decodeTable(each), AppError);
    assertStrictEquals(error.code, "internal");
    assertStringIncludes(error.message, "Cannot read a table from Parquet bytes");
  }
});

Deno.test("a damaged page is refused before it is read", async () => {
  const bytes = encodeTable(
    tableOf({ name: textColumn("bitcoin", null), price: numberColumn(1, 2) }),
  );
  const pagesEnd = bytes.length - 8 - parquetMetadata(bytes).metadata_length;
  for (let i = 4; i < pagesEnd; i++) {
    const damaged = bytes.slice();
    damaged[i] = damaged[i]! ^ 0x55;
    const error = await assertRejects(() => decodeTable(damaged), AppError, "pages of checksum");
    assertStrictEquals(error.code, "internal");
  }
});

Deno.test("whatever byte of the footer is damaged, the answer is a table or an AppError", async () => {
  const bytes = encodeTable(tableOf({
    name: textColumn("bitcoin", null, "ethereum"),
    market_at: timeColumn(0, 1, NaN),
    price: numberColumn(1, NaN, 3),
  }));
  const pagesEnd = bytes.length - 8 - parquetMetadata(bytes).metadata_length;
  for (let i = pagesEnd; i < bytes.length; i++) {
    for (const flip of [0x01, 0x55, 0x80, 0xff]) {
      const damaged = bytes.slice();
      damaged[i] = damaged[i]! ^ flip;
      try {
        const table = await decodeTable(damaged);
        for (const { values } of Object.values(table.columns)) {
          assertStrictEquals(values.length, table.rowCount);
        }
      } catch (error) {
        assert(error instanceof AppError, `byte ${i}: ${error}`);
        assertStrictEquals(error.code, "internal");
      }
    }
  }
});
