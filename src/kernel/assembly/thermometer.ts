// From one rank a row to the row masks "this part of the rank ≥ k" for every k. A split of any tree on
// that column then is a mask that is there already.

import { BLOCK_ROWS, MASK_BYTES, MAX_RANK_BITS } from "./layout";
import { ALL_ROWS, fillMask, NO_ROWS } from "./mask";
import { highBytes, lowBytes } from "./ranks";

/** For each bit of the rank, the mask of the rows that have it. */
const planes: usize = memory.data(MASK_BYTES * MAX_RANK_BITS, 64);

/** The mask of the rows with a certain bit set in their byte. */
function writePlane(bytes: usize, bit: i32, plane: usize): void {
  // bitmask gathers the top bit of every byte. Shifting 16-bit lanes drags bits of the lower byte into
  // the upper one, but below its top bit, where nobody looks.
  const shift = 7 - bit;
  for (let row: usize = 0; row < usize(BLOCK_ROWS); row += 32) {
    const low = i8x16.bitmask(i16x8.shl(v128.load(bytes + row), shift));
    const high = i8x16.bitmask(i16x8.shl(v128.load(bytes + row, 16), shift));
    store<u32>(plane + (row >> 3), low | (high << 16));
  }
}

/** From the ranks that were found last to a mask for each of their bits. */
export function writePlanes(rankBits: i32): void {
  for (let bit = 0; bit < rankBits; bit++) {
    writePlane(bit < 8 ? lowBytes : highBytes, bit & 7, planes + bit * MASK_BYTES);
  }
}

/**
 * Writes masks[k] = the rows that have at least k in bits firstBit … firstBit + bits − 1 of their rank,
 * for k = 0 … 2^bits. With each bit the masks double: a row that reaches k by the lower bits reaches
 * k + 2^bit if it has this bit as well, and with this bit it reaches every k below 2^bit.
 */
export function writeThermometer(firstBit: i32, bits: i32, masks: usize): void {
  fillMask(masks, ALL_ROWS);
  fillMask(masks + MASK_BYTES, NO_ROWS);
  let plane = planes + firstBit * MASK_BYTES;
  for (let bit = 0; bit < bits; bit++, plane += MASK_BYTES) {
    const p0 = v128.load(plane, 0);
    const p1 = v128.load(plane, 16);
    const p2 = v128.load(plane, 32);
    const p3 = v128.load(plane, 48);
    const half = usize(MASK_BYTES) << bit;
    fillMask(masks + 2 * half, NO_ROWS);
    for (let low = masks, end = masks + half; low < end; low += MASK_BYTES) {
      const high = low + half;
      const m0 = v128.load(low, 0);
      const m1 = v128.load(low, 16);
      const m2 = v128.load(low, 32);
      const m3 = v128.load(low, 48);
      v128.store(high, v128.and(p0, m0), 0);
      v128.store(high, v128.and(p1, m1), 16);
      v128.store(high, v128.and(p2, m2), 32);
      v128.store(high, v128.and(p3, m3), 48);
      v128.store(low, v128.or(p0, m0), 0);
      v128.store(low, v128.or(p1, m1), 16);
      v128.store(low, v128.or(p2, m2), 32);
      v128.store(low, v128.or(p3, m3), 48);
    }
  }
}
