// A block of rows, f64 and row by row as the caller has it, to f32 and column by column as the rest of
// the scorer reads it. On the way it is found out whether all values are finite as f32.

import { BLOCK_ROWS } from "./layout";

/** Bytes of a column of a block. */
export const COLUMN_SIZE: usize = 4 * BLOCK_ROWS;

/** All bits of a lane set where the value is infinite or NaN: only then x − x is not 0. */
function notFinite(values: v128): v128 {
  const difference = f32x4.sub(values, values);
  return f32x4.ne(difference, difference);
}

/** Two columns of four rows, as f32: [row 0: a, b, row 1: a, b]. */
function readPairs(row: usize, nextRow: usize): v128 {
  return i32x4.shuffle(
    f32x4.demote_f64x2_zero(v128.load(row)),
    f32x4.demote_f64x2_zero(v128.load(nextRow)),
    0,
    1,
    4,
    5,
  );
}

/** Writes two neighbouring columns; returns lanes with bits set where a value is not finite. */
function takePair(cell: usize, rowBytes: usize, out: usize): v128 {
  let bad = i64x2.splat(0);
  for (let end = out + COLUMN_SIZE; out < end; out += 16, cell += 4 * rowBytes) {
    const upper = readPairs(cell, cell + rowBytes);
    const lower = readPairs(cell + 2 * rowBytes, cell + 3 * rowBytes);
    bad = v128.or(bad, v128.or(notFinite(upper), notFinite(lower)));
    v128.store(out, i32x4.shuffle(upper, lower, 0, 2, 4, 6));
    v128.store(out + COLUMN_SIZE, i32x4.shuffle(upper, lower, 1, 3, 5, 7));
  }
  return bad;
}

function takeOne(cell: usize, rowBytes: usize, out: usize): v128 {
  let bad = i64x2.splat(0);
  for (let end = out + COLUMN_SIZE; out < end; out += 4, cell += rowBytes) {
    const value = f32(load<f64>(cell));
    bad = v128.or(bad, notFinite(f32x4.splat(value)));
    store<f32>(out, value);
  }
  return bad;
}

/** Whether all values are finite as f32; only then is everything in `columns`. */
export function takeColumns(rows: usize, columnCount: u32, columns: usize): bool {
  const rowBytes = usize(columnCount) << 3;
  let bad = i64x2.splat(0);
  let column: u32 = 0;
  for (; column + 2 <= columnCount; column += 2) {
    const pair = takePair(rows + (column << 3), rowBytes, columns + usize(column) * COLUMN_SIZE);
    bad = v128.or(bad, pair);
  }
  if (column < columnCount) {
    const one = takeOne(rows + (column << 3), rowBytes, columns + usize(column) * COLUMN_SIZE);
    bad = v128.or(bad, one);
  }
  return !v128.any_true(bad);
}
