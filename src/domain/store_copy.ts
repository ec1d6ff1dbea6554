// What a backup and a restore are told, and what they tell of the copy that was made.

export interface CopyOptions {
  /** Where a backup goes; beside the store, with the time in its name, where it is not given. */
  to?: string | undefined;
  /** Whether a file that is there may be replaced. */
  overwrite: boolean;
  nowMs: number;
}

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
