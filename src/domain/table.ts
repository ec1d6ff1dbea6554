// A table in memory: named columns of equal length. Snapshots, datasets and features are tables
// everywhere between the market and the estimators; in the store they are Parquet.

import { AppError } from "./errors.ts";

/** Numbers as float64; NaN means null (the market's JSON knows no NaN, so nothing is lost). */
export interface NumberColumn {
  type: "number";
  values: Float64Array;
}

/** Instants in milliseconds since 1970, UTC; NaN means null. Parquet: TIMESTAMP_MILLIS. */
export interface TimeColumn {
  type: "time";
  values: Float64Array;
}

export interface TextColumn {
  type: "text";
  values: (string | null)[];
}

export type Column = NumberColumn | TimeColumn | TextColumn;

/** Columns in order; every column has `rowCount` values. Names are snake_case. */
export interface Table {
  rowCount: number;
  columns: Record<string, Column>;
}

/** Row-major float64 matrix of shape (rowCount, columnCount); NaN means missing. */
export interface Matrix {
  rowCount: number;
  columnCount: number;
  /** length rowCount × columnCount; element (i, j) at i × columnCount + j */
  values: Float64Array;
}

/** The values of a numeric or time column. Throws `invalid` where the table has no such column. */
export function numbers(table: Table, name: string): Float64Array {
  const column = table.columns[name];
  if (column === undefined || column.type === "text") {
    throw new AppError(
      "invalid",
      `Cannot read numeric column "${name}": the table has ${
        Object.keys(table.columns).join(", ")
      }`,
    );
  }
  return column.values;
}

/** The values of a text column. Throws `invalid` where the table has no such column. */
export function texts(table: Table, name: string): (string | null)[] {
  const column = table.columns[name];
  if (column === undefined || column.type !== "text") {
    throw new AppError(
      "invalid",
      `Cannot read text column "${name}": the table has ${Object.keys(table.columns).join(", ")}`,
    );
  }
  return column.values;
}

/** The named numeric columns side by side, shape (rowCount, names.length). */
export function toMatrix(table: Table, names: readonly string[]): Matrix {
  const { rowCount } = table;
  const columnCount = names.length;
  const values = new Float64Array(rowCount * columnCount);
  names.forEach((name, j) => {
    const column = numbers(table, name);
    for (let i = 0; i < rowCount; i++) values[i * columnCount + j] = column[i]!;
  });
  return { rowCount, columnCount, values };
}

/** The rows at `indices`, in that order, as a new table. */
export function takeRows(table: Table, indices: readonly number[] | Uint32Array): Table {
  const columns: Record<string, Column> = {};
  for (const [name, column] of Object.entries(table.columns)) {
    if (column.type === "text") {
      const values = Array.from(indices, (i) => column.values[i] ?? null);
      columns[name] = { type: "text", values };
    } else {
      const values = new Float64Array(indices.length);
      for (let k = 0; k < indices.length; k++) values[k] = column.values[indices[k]!]!;
      columns[name] = { type: column.type, values };
    }
  }
  return { rowCount: indices.length, columns };
}
