// One version of a data asset: what is in it, its files, what it was made of and what was made of it.

import { z } from "zod";
import { ASSET, type VersionRecord } from "../../src/domain/asset.ts";
import { VERSION_REF_FORMS } from "../../src/domain/names.ts";
import { count, instant, percent, plainText } from "../../src/cards/format.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import { homeOf } from "../../src/registry/context.ts";
import {
  type LineageNode,
  lineageOf,
  type UserOfVersion,
  usersOf,
} from "../../src/registry/lineage.ts";
import { RunLink } from "../components/refs.tsx";
import { definePage } from "../page.ts";
import { type DatasetFacts, datasetFacts, DatasetPanels } from "../panels/dataset.tsx";
import { EvaluationPanel } from "../panels/evaluation_data.tsx";
import {
  SNAPSHOT_SORTS,
  type SnapshotFacts,
  snapshotFacts,
  SnapshotPanels,
} from "../panels/snapshot.tsx";
import { AnnotationsPanel, FilesPanel, LineagePanel } from "../panels/version_facts.tsx";
import { assetNamed } from "../reading/data_assets.ts";
import type { View } from "../view.ts";

const SHOWN_USERS = 20;

interface Model {
  version: VersionRecord;
  lineage: LineageNode[];
  usedBy: UserOfVersion[];
  snapshot: SnapshotFacts | null;
  dataset: DatasetFacts | null;
}

export const dataVersion = definePage({
  path: "/data/:name/:version",
  query: z.object({
    name: z.string().describe("a data asset"),
    version: z.string().describe(`a version: ${VERSION_REF_FORMS}`),
    sort: z.enum(SNAPSHOT_SORTS).default("rank").describe("order of a snapshot’s coins"),
    features: z.literal("all").optional().describe(
      "all histograms, not only those that differ most",
    ),
  }),
  load: async ({ registry }, { name: asked, version: ref }): Promise<Model> => {
    const name = assetNamed(asked);
    const scope = homeOf(registry, name);
    const version = await resolveVersion(registry, scope, "data", name, ref);
    const isDataset = name === ASSET.trainingDataset || name === ASSET.evalHoldout;
    const [lineage, usedBy, snapshot, dataset] = await Promise.all([
      lineageOf(registry, version),
      usersOf(registry, scope, version, SHOWN_USERS),
      name === ASSET.snapshot ? snapshotFacts(registry, version) : null,
      isDataset ? datasetFacts(registry, scope, version) : null,
    ]);
    return { version, lineage, usedBy, snapshot, dataset };
  },
  render: (view, model, { sort, features }) => {
    const { version, snapshot, dataset } = model;
    const { name } = version;
    return {
      title: `${name} v${version.version}`,
      section: "data",
      crumbs: [
        { text: "Data", href: view.href("/data") },
        { text: name, href: view.href(`/data/${name}`) },
        { text: `v${version.version}` },
      ],
      finding: findingOf(model),
      lead: <Lead view={view} model={model} />,
      body: (
        <>
          <div class="stack c8">
            {snapshot === null
              ? ""
              : <SnapshotPanels view={view} version={version} facts={snapshot} sort={sort} />}
            {dataset === null ? "" : (
              <DatasetPanels
                view={view}
                version={version}
                facts={dataset}
                showsAll={features === "all"}
              />
            )}
            {name === ASSET.evaluationResults
              ? <EvaluationPanel view={view} version={version} />
              : ""}
          </div>
          <div class="stack c4">
            <FilesPanel view={view} version={version} />
            <LineagePanel
              view={view}
              version={version}
              lineage={model.lineage}
              usedBy={model.usedBy}
              isCut={model.usedBy.length === SHOWN_USERS}
            />
            <AnnotationsPanel version={version} />
          </div>
        </>
      ),
    };
  },
});

function findingOf({ version, snapshot, dataset }: Model): string {
  const { name, version: number, annotations, description } = version;
  const of = `${name} v${number}`;
  if (snapshot !== null) {
    const refused = Number(annotations.refused ?? 0);
    const coins = snapshot.rows.length === 1 ? "1 coin" : `${count(snapshot.rows.length)} coins`;
    return `${coins} at ${instant(version.marketAt)}, ${
      refused === 0 ? "none refused" : `${count(refused)} refused`
    }`;
  }
  if (dataset !== null) {
    const most = dataset.features.find(({ shift }) => shift !== null);
    const rows = `${count(Number(annotations.row_count ?? 0))} rows`;
    return most === undefined || most.shift === null
      ? `${of} has ${rows}`
      : `${of}: ${rows}; ${most.label} shifts most, by ${percent(most.shift)}`;
  }
  return `${of}: ${plainText(description)}`;
}

const Lead = ({ view, model: { version, usedBy } }: { view: View; model: Model }) => (
  <>
    Made by <RunLink view={view} id={version.runId} /> (<code>{version.flow}</code>) on{" "}
    {instant(version.recordedAt)}
    {version.marketAt === null ? "" : (
      <>
        ; the market’s time was <b>{instant(version.marketAt)}</b>
      </>
    )}
    . {usedBy.length === 0 ? "No version was made of it yet." : (
      <>
        <b>{usedBy.length === SHOWN_USERS ? `${SHOWN_USERS} or more` : count(usedBy.length)}</b>
        {usedBy.length === 1 ? " version was" : " versions were"} made of it.
      </>
    )}
  </>
);
