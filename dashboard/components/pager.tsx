// Paging over what is newest first: a page is everything before a number, so that new entries do not move
// what is on it.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { hrefWith, type View } from "../view.ts";

export const PAGE_SIZE = 50;

/** Parameters of a page that lists; spread into its query. */
export const pagerParams = {
  before: z.coerce.number().int().min(1).optional()
    .describe("only what is older than this number, which is left out"),
};

/** Read one more than are shown, to know whether there are older ones. */
export interface Paged<T> {
  shown: T[];
  /** Where the next page begins; null on the last one. */
  olderBefore: number | null;
}

export function pageOf<T>(
  read: readonly T[],
  numberOf: (item: T) => number,
  size = PAGE_SIZE,
): Paged<T> {
  const shown = read.slice(0, size);
  const hasMore = read.length > size;
  return { shown, olderBefore: hasMore ? numberOf(shown.at(-1)!) : null };
}

export const Pager: FC<{ view: View; olderBefore: number | null; before: number | undefined }> = (
  { view, olderBefore, before },
) =>
  olderBefore === null && before === undefined
    ? null
    : (
      <nav class="more pager" aria-label="Pages of the list">
        {before === undefined ? "" : <a href={hrefWith(view, { before: undefined })}>Newest</a>}
        {olderBefore === null ? "" : <a href={hrefWith(view, { before: olderBefore })}>Older</a>}
      </nav>
    );
