// A row mask has one bit for each of a block's 512 rows, in four vectors. Code on masks spells the four
// out: the compiler does not unroll loops, and in a loop the counting would cost as much as the work.

export const ALL_ROWS: v128 = i64x2.splat(-1);
export const NO_ROWS: v128 = i64x2.splat(0);

export function fillMask(mask: usize, rows: v128): void {
  v128.store(mask, rows, 0);
  v128.store(mask, rows, 16);
  v128.store(mask, rows, 32);
  v128.store(mask, rows, 48);
}
