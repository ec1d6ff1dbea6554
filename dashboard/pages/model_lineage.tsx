// Where a version comes from and what came of it: the whole graph, with the hashes that prove it.

import { z } from "zod";
import { ASSET } from "../../src/domain/asset.ts";
import { count } from "../../src/cards/format.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import { Pager, pagerParams } from "../components/pager.tsx";
import { Nothing, Panel } from "../components/panel.tsx";
import { definePage } from "../page.ts";
import { GraphPanel, ResponsesTable } from "../panels/lineage_graph.tsx";
import { type LineageGraph, lineageGraph } from "../reading/lineage_graph.ts";

interface Model extends LineageGraph {
  version: number;
}

export const modelLineage = definePage({
  path: "/models/:ref/lineage",
  query: z.object({ ref: z.string().min(1).max(100), ...pagerParams }),
  load: async ({ registry }, { ref, before }): Promise<Model> => {
    const { write } = registry.scopes;
    const record = await resolveVersion(registry, write, "model", ASSET.detector, ref);
    return { version: record.version, ...await lineageGraph(registry, record, before) };
  },
  render: (view, model, { before }) => ({
    title: `Lineage of v${model.version}`,
    section: "models",
    crumbs: [
      { text: "Models", href: view.href("/models") },
      { text: `v${model.version}`, href: view.href(`/models/${model.version}`) },
      { text: "lineage" },
    ],
    finding: findingOf(model),
    lead: (
      <>
        Each step keeps the hash of the file that it used. A hash that differs, or a record that is
        gone, is said in its box.
      </>
    ),
    body: (
      <>
        <GraphPanel view={view} graph={model} />
        <Panel
          id="responses"
          title="Raw responses"
          scope={`${count(model.responseCount)} snapshots, newest first`}
          span="c12"
        >
          {model.responses.length === 0
            ? (
              <Nothing>
                {model.ownRaw === null
                  ? "The dataset is gone, and with it the list of its snapshots."
                  : "It was trained on fresh data: its raw response is kept with it."}
              </Nothing>
            )
            : <ResponsesTable view={view} responses={model.responses} />}
          <Pager view={view} olderBefore={model.olderBefore} before={before} />
        </Panel>
      </>
    ),
  }),
});

function findingOf({ version, datasets, snapshots, users, ownRaw, responseCount }: Model): string {
  const wrong = [...datasets, ...snapshots].filter(({ agrees }) => agrees === false).length;
  const gone = [...datasets, ...snapshots].filter(({ isGone }) => isGone).length;
  if (wrong > 0) return `A hash in the lineage of v${version} differs`;
  if (gone > 0) return `The lineage of v${version} breaks off: ${gone} of its inputs gone`;
  const source = ownRaw !== null
    ? "one raw response"
    : `${count(responseCount)} raw ${responseCount === 1 ? "response" : "responses"}`;
  const used = users.length === 0
    ? "nothing was made of it"
    : `${users.length} ${users.length === 1 ? "evaluation" : "evaluations"} used it`;
  return `v${version} goes back to ${source}; ${used}`;
}
