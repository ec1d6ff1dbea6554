// Search: one field for versions, runs, coins, flows, features and data.

import { z } from "zod";
import { plainText } from "../../src/cards/format.ts";
import { FilterForm } from "../components/filter_form.tsx";
import { Foreign, Nothing, Panel, Table } from "../components/panel.tsx";
import { definePage } from "../page.ts";
import { type Hit, search as findHits } from "../reading/search.ts";
import type { View } from "../view.ts";

const EXAMPLES = ["v1", "champion", "run 12", "train", "bitcoin", "volatility"];

export const search = definePage({
  path: "/search",
  query: z.object({ q: z.string().trim().max(100).default("").describe("what to look for") }),
  load: async ({ registry, deps }, { q }): Promise<{ hits: Hit[] }> => ({
    hits: await findHits(registry, registry.scopes.write, { text: q, flows: deps.flows }),
  }),
  render: (view, { hits }, { q }) => ({
    title: q === "" ? "Search" : `Search: ${q}`,
    section: null,
    finding: q === "" ? "What are you looking for?" : hits.length === 0
      ? (
        <>
          Nothing is called “<Foreign text={q} />”
        </>
      )
      : (
        <>
          {`${hits.length} ${hits.length === 1 ? "thing" : "things"}`} called “<Foreign text={q} />”
        </>
      ),
    lead:
      "A version (v7, champion), a run (779, train/12), a coin by id, symbol or name, a flow, a " +
      "feature or a data asset.",
    body: (
      <Panel id="hits" title="Found" scope={`on branch ${plainText(view.branch)}`} span="c12">
        <FilterForm view={view} action="/search" button="Search">
          <label class="field">
            Look for
            <input name="q" type="search" value={q} />
          </label>
        </FilterForm>
        {hits.length > 0 ? <Hits view={view} hits={hits} /> : (
          <Nothing>
            {"For example: "}
            {EXAMPLES.map((text, i) => (
              <>
                {i === 0 ? "" : ", "}
                <a href={view.href("/search", { q: text })}>{text}</a>
              </>
            ))}
          </Nothing>
        )}
      </Panel>
    ),
  }),
});

function Hits({ view, hits }: { view: View; hits: readonly Hit[] }) {
  return (
    <Table
      caption="The surest first."
      columns={[{ name: "What" }, { name: "Kind" }, { name: "About it" }]}
      narrow={[undefined, undefined, "full"]}
      rows={hits.map(({ kind, title, note, path }) => [
        <a href={hrefOf(view, path)}>
          <Foreign text={title} />
        </a>,
        kind,
        <span class="dim">
          <Foreign text={note} />
        </span>,
      ])}
    />
  );
}

/** The anchor of a path stays behind the branch. */
function hrefOf(view: View, path: string): string {
  const [page, anchor] = path.split("#");
  return view.href(page!) + (anchor === undefined ? "" : `#${anchor}`);
}
