// From one small number a row to the row masks "number ≥ k" for every k. A split of any tree on that
// column then is a mask that is there already.

import { BLOCK_ROWS, MASK_BYTES } from "./layout";
import { ALL_ROWS, fillMask, NO_ROWS } from "./mask";

/** The mask of the rows that have a certain bit in their number. */
const plane: usize = memory.data(MASK_BYTES, 64);

function takePlane(numbers: usize, bit: i32): void {
  // bitmask gathers the top bit of every byte. Shifting 16-bit lanes drags bits of the lower byte into
  // the upper one, but below its top bit, where nobody looks.
  const shift = 7 - bit;
  for (let row: usize = 0; row < usize(BLOCK_ROWS); row += 32) {
    const low = i8x16.bitmask(i16x8.shl(v128.load(numbers + row), shift));
    const high = i8x16.bitmask(i16x8.shl(v128.load(numbers + row, 16), shift));
    store<u32>(plane + (row >> 3), low | (high << 16));
  }
}

/**
 * A row that reaches k by its lower bits reaches k + 2^bit if it has the bit as well; and with the bit
 * it reaches every k below 2^bit.
 */
function doubleVector(mask: usize, doubled: usize, bitRows: v128): void {
  const reached = v128.load(mask);
  v128.store(doubled, v128.and(bitRows, reached));
  v128.store(mask, v128.or(bitRows, reached));
}

/**
 * Writes masks[k] = the rows whose number is ≥ k, for k = 0 … 2^bits.
 *
 * @param numbers u8[BLOCK_ROWS], each below 2^bits
 */
export function writeThermometer(numbers: usize, bits: i32, masks: usize): void {
  fillMask(masks, ALL_ROWS);
  fillMask(masks + MASK_BYTES, NO_ROWS);
  for (let bit = 0; bit < bits; bit++) {
    takePlane(numbers, bit);
    const p0 = v128.load(plane, 0);
    const p1 = v128.load(plane, 16);
    const p2 = v128.load(plane, 32);
    const p3 = v128.load(plane, 48);
    const half = usize(MASK_BYTES) << bit;
    fillMask(masks + 2 * half, NO_ROWS);
    for (let mask = masks, end = masks + half; mask < end; mask += MASK_BYTES) {
      doubleVector(mask, mask + half, p0);
      doubleVector(mask + 16, mask + half + 16, p1);
      doubleVector(mask + 32, mask + half + 32, p2);
      doubleVector(mask + 48, mask + half + 48, p3);
    }
  }
}
