// What a backup and a restore tell: facts of the copy that was made.

/** A store as one file that was checked. */
export interface StoreCopy {
  path: string;
  byteLength: number;
  /** The schema of its records. */
  schema: number;
  ms: number;
}

export interface RestoredStore extends StoreCopy {
  /** Where the store that was there before is now; null where there was none. */
  movedTo: string | null;
}
