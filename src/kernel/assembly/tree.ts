// One tree over one block: masks from the root down to the leaves, and then one byte a row that says
// which value its leaf has. No branch depends on the rows: every node is worked for all of them.

import { BLOCK_ROWS, MASK_BYTES, MAX_CODE_BITS, SPLIT_BYTES } from "./layout";
import { NO_ROWS } from "./mask";
import { MEMBER_COUNTS, Split, Tree } from "./records";

/** For each bit of the leaf code, the mask of the rows whose code has it. */
const codePlanes: usize = memory.data(MASK_BYTES * MAX_CODE_BITS, 64);

/** rank ≥ r ⇔ its high part is above r's, or equal and its low part is at least r's. */
function ranksAbove(highAbove: v128, highReached: v128, lowReached: v128): v128 {
  return v128.or(highAbove, v128.and(highReached, lowReached));
}

function splitRows(tree: Tree): void {
  const end = tree.splits + tree.splitCount * SPLIT_BYTES;
  for (let at = tree.splits; at < end; at += SPLIT_BYTES) {
    const split = changetype<Split>(at);
    const above = split.highAbove;
    const reached = split.highReached;
    const low = split.lowReached;
    const source = split.source;
    const left = split.left;
    const right = split.right;
    const g0 = ranksAbove(v128.load(above, 0), v128.load(reached, 0), v128.load(low, 0));
    const g1 = ranksAbove(v128.load(above, 16), v128.load(reached, 16), v128.load(low, 16));
    const g2 = ranksAbove(v128.load(above, 32), v128.load(reached, 32), v128.load(low, 32));
    const g3 = ranksAbove(v128.load(above, 48), v128.load(reached, 48), v128.load(low, 48));
    const s0 = v128.load(source, 0);
    const s1 = v128.load(source, 16);
    const s2 = v128.load(source, 32);
    const s3 = v128.load(source, 48);
    v128.store(right, v128.and(s0, g0), 0);
    v128.store(right, v128.and(s1, g1), 16);
    v128.store(right, v128.and(s2, g2), 32);
    v128.store(right, v128.and(s3, g3), 48);
    v128.store(left, v128.andnot(s0, g0), 0);
    v128.store(left, v128.andnot(s1, g1), 16);
    v128.store(left, v128.andnot(s2, g2), 32);
    v128.store(left, v128.andnot(s3, g3), 48);
  }
}

/** ORs, for each bit of the code, the masks of the leaves whose code has it. */
function gatherCodePlanes(tree: Tree): void {
  let member = tree.members;
  let count = changetype<usize>(tree) + MEMBER_COUNTS;
  const lastPlane = codePlanes + tree.codeBits * MASK_BYTES;
  for (let plane = codePlanes; plane < lastPlane; plane += MASK_BYTES, count += 4) {
    let p0 = NO_ROWS;
    let p1 = NO_ROWS;
    let p2 = NO_ROWS;
    let p3 = NO_ROWS;
    for (let end = member + (load<u32>(count) << 2); member < end; member += 4) {
      const leaf: usize = load<u32>(member);
      p0 = v128.or(p0, v128.load(leaf, 0));
      p1 = v128.or(p1, v128.load(leaf, 16));
      p2 = v128.or(p2, v128.load(leaf, 32));
      p3 = v128.or(p3, v128.load(leaf, 48));
    }
    v128.store(plane, p0, 0);
    v128.store(plane, p1, 16);
    v128.store(plane, p2, 32);
    v128.store(plane, p3, 48);
  }
}

/** For a row and the seven after it, which bit of their byte of a plane is theirs. */
const bitOfRow: usize = memory.data<u8>([
  1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128,
], 16);

// Each byte of a plane is wanted eight times, once for each of its rows: doubled three times over. These
// patterns are single instructions; a free choice of lanes would be several.

function doubleLowBytes(p: v128): v128 {
  return i8x16.shuffle(p, p, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

function doubleHighBytes(p: v128): v128 {
  return i8x16.shuffle(p, p, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

function doubleLowPairs(p: v128): v128 {
  return i16x8.shuffle(p, p, 0, 8, 1, 9, 2, 10, 3, 11);
}

function doubleHighPairs(p: v128): v128 {
  return i16x8.shuffle(p, p, 4, 12, 5, 13, 6, 14, 7, 15);
}

function doubleLowFours(p: v128): v128 {
  return i32x4.shuffle(p, p, 0, 4, 1, 5);
}

function doubleHighFours(p: v128): v128 {
  return i32x4.shuffle(p, p, 2, 6, 3, 7);
}

/** Puts one bit more at the end of sixteen rows' codes: that of their plane. */
function append(code: v128, spread: v128, ofRow: v128): v128 {
  const isSet = i8x16.eq(v128.and(spread, ofRow), ofRow); // −1 where set
  return i8x16.sub(i8x16.add(code, code), isSet);
}

/** From one bit a row and plane to one byte a row: 128 rows at a time, highest plane first. */
function writeCodes(codeBits: u32, codes: usize): void {
  const ofRow = v128.load(bitOfRow);
  for (let row: usize = 0; row < usize(BLOCK_ROWS); row += 128) {
    const first = codePlanes + (row >> 3);
    let c0 = NO_ROWS;
    let c1 = NO_ROWS;
    let c2 = NO_ROWS;
    let c3 = NO_ROWS;
    let c4 = NO_ROWS;
    let c5 = NO_ROWS;
    let c6 = NO_ROWS;
    let c7 = NO_ROWS;
    for (let plane = first + codeBits * MASK_BYTES; plane > first;) {
      plane -= MASK_BYTES;
      const p = v128.load(plane);
      const low = doubleLowBytes(p);
      const high = doubleHighBytes(p);
      const p01 = doubleLowPairs(low);
      const p23 = doubleHighPairs(low);
      const p45 = doubleLowPairs(high);
      const p67 = doubleHighPairs(high);
      c0 = append(c0, doubleLowFours(p01), ofRow);
      c1 = append(c1, doubleHighFours(p01), ofRow);
      c2 = append(c2, doubleLowFours(p23), ofRow);
      c3 = append(c3, doubleHighFours(p23), ofRow);
      c4 = append(c4, doubleLowFours(p45), ofRow);
      c5 = append(c5, doubleHighFours(p45), ofRow);
      c6 = append(c6, doubleLowFours(p67), ofRow);
      c7 = append(c7, doubleHighFours(p67), ofRow);
    }
    const out = codes + row;
    v128.store(out, c0, 0);
    v128.store(out, c1, 16);
    v128.store(out, c2, 32);
    v128.store(out, c3, 48);
    v128.store(out, c4, 64);
    v128.store(out, c5, 80);
    v128.store(out, c6, 96);
    v128.store(out, c7, 112);
  }
}

/** Writes u8[BLOCK_ROWS]: the code of the leaf that each row of the block ends in. */
export function writeLeafCodes(tree: Tree, codes: usize): void {
  splitRows(tree);
  gatherCodePlanes(tree);
  writeCodes(tree.codeBits, codes);
}
