// The most abnormal rows of a table with what drove each, as cards show them.

import { driversSentence } from "../src/domain/drivers.ts";
import type { Driver } from "../src/domain/prediction.ts";
import { decimal, instant, significant } from "../src/cards/format.ts";
import { Foreign, Rows } from "../src/cards/page.tsx";

export interface FlaggedRow {
  name: string;
  /** Market time; null where all rows are of one snapshot. */
  marketAt: string | null;
  score: number;
  price: number;
  drivers: readonly Driver[];
}

export function FlaggedRows({ rows, caption }: { rows: readonly FlaggedRow[]; caption: string }) {
  const isDated = rows.some((row) => row.marketAt !== null);
  return (
    <Rows
      isStacked
      caption={caption}
      columns={[
        { name: "coin" },
        ...(isDated ? [{ name: "market time" }] : []),
        { name: "score", isNumeric: true },
        { name: "price, USD", isNumeric: true },
        { name: "why" },
      ]}
      rows={rows.map((row) => [
        <Foreign text={row.name} />,
        ...(isDated ? [instant(row.marketAt)] : []),
        <span class="flag">{decimal(row.score)}</span>,
        significant(row.price),
        driversSentence(row.drivers),
      ])}
    />
  );
}
