// Whether a version came from another store. Beside the archive, which writes what is read here.

import type { VersionRecord } from "../domain/asset.ts";

/** The annotation that an imported version carries: where it came from. */
export const ORIGIN = "imported_from";

export function isImported({ annotations }: Pick<VersionRecord, "annotations">): boolean {
  return Object.hasOwn(annotations, ORIGIN);
}
