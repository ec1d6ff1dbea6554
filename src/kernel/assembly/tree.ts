// One tree over one block: masks from the root down to the leaves, and then one byte a row that says
// which value its leaf has. No branch depends on the rows: every node is worked for all of them.

import { BLOCK_ROWS, MASK_BYTES, MAX_CODE_BITS, SPLIT_BYTES } from "./layout";
import { NO_ROWS } from "./mask";
import { MEMBER_COUNTS, Split, Tree } from "./records";

/** For each bit of the leaf code, the mask of the rows whose code has it. */
const codePlanes: usize = memory.data(MASK_BYTES * MAX_CODE_BITS, 64);

/** rank ≥ r ⇔ its high part is above r's, or equal and its low part is at least r's. */
function splitVector(split: Split, at: usize): void {
  const goesRight = v128.or(
    v128.load(split.highAbove + at),
    v128.and(v128.load(split.highReached + at), v128.load(split.lowReached + at)),
  );
  const rows = v128.load(split.source + at);
  v128.store(split.right + at, v128.and(rows, goesRight));
  v128.store(split.left + at, v128.andnot(rows, goesRight));
}

function splitRows(tree: Tree): void {
  const end = tree.splits + tree.splitCount * SPLIT_BYTES;
  for (let at = tree.splits; at < end; at += SPLIT_BYTES) {
    const split = changetype<Split>(at);
    splitVector(split, 0);
    splitVector(split, 16);
    splitVector(split, 32);
    splitVector(split, 48);
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

/** From one bit a row and plane to one byte a row: sixteen rows at a time, highest plane first. */
function writeCodes(codeBits: u32, codes: usize): void {
  const bitOfRow = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128);
  for (let row: usize = 0; row < usize(BLOCK_ROWS); row += 16) {
    const first = codePlanes + (row >> 3);
    let code = NO_ROWS;
    for (let plane = first + codeBits * MASK_BYTES; plane > first;) {
      plane -= MASK_BYTES;
      const bits = v128.load_splat<u16>(plane);
      const spread = i8x16.shuffle(bits, bits, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
      const isSet = i8x16.eq(v128.and(spread, bitOfRow), bitOfRow); // −1 where set
      code = i8x16.sub(i8x16.add(code, code), isSet);
    }
    v128.store(codes + row, code);
  }
}

/** Writes u8[BLOCK_ROWS]: the code of the leaf that each row of the block ends in. */
export function writeLeafCodes(tree: Tree, codes: usize): void {
  splitRows(tree);
  gatherCodePlanes(tree);
  writeCodes(tree.codeBits, codes);
}
