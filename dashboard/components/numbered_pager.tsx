// Paging over a list that is sorted by something else than time: the page is a number.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { count } from "../../src/cards/format.ts";
import { hrefWith, type View } from "../view.ts";

/** Parameters of a page that lists so; spread into its query. */
export const numberedParams = {
  page: z.coerce.number().int().min(1).max(10_000).default(1).describe("which page of the list"),
};

/** "51–99 of 99", and links to the pages before and after. */
export const NumberedPager: FC<{ view: View; page: number; size: number; total: number }> = (
  { view, page, size, total },
) => {
  const from = (page - 1) * size;
  const to = Math.min(total, from + size);
  if (total <= size && page === 1) return null;
  const link = (to: number) => hrefWith(view, { page: to === 1 ? undefined : to });
  return (
    <nav class="more pager" aria-label="Pages of the list">
      <span class="dim">
        {from < total
          ? `${count(from + 1)} to ${count(to)} of ${count(total)}`
          : `of ${count(total)}`}
      </span>
      {page === 1 ? "" : <a href={link(page - 1)}>Previous</a>}
      {to >= total ? "" : <a href={link(page + 1)}>Next</a>}
    </nav>
  );
};
