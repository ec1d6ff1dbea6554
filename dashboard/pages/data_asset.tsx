// The versions of one data asset, newest first.

import { z } from "zod";
import { ASSET, type VersionRecord } from "../../src/domain/asset.ts";
import { count, instant, UNDEFINED } from "../../src/cards/format.ts";
import { latestVersion, listVersions } from "../../src/registry/assets.ts";
import { homeOf } from "../../src/registry/context.ts";
import { Command } from "../components/command.tsx";
import { PAGE_SIZE, pageOf, Pager, pagerParams } from "../components/pager.tsx";
import { Foreign, Nothing, Panel, Table } from "../components/panel.tsx";
import { ageText, At, RunLink, VersionLink } from "../components/refs.tsx";
import { fileSize } from "../components/text.ts";
import { definePage } from "../page.ts";
import { assetNamed } from "../reading/data_assets.ts";
import type { View } from "../view.ts";

/** The command that makes a version of it. */
const MADE_BY: Readonly<Record<string, string>> = {
  [ASSET.snapshot]: "ingest",
  [ASSET.trainingDataset]: "build_dataset",
  [ASSET.evalHoldout]: "build_dataset",
  [ASSET.evaluationResults]: "evaluate",
};

/** A version without what only its own page shows. */
type Line =
  & Pick<VersionRecord, "version" | "marketAt" | "recordedAt" | "runId" | "description" | "tags">
  & { byteLength: number };

interface Model {
  name: string;
  branch: string;
  versions: Line[];
  olderBefore: number | null;
  newest: Line | null;
}

export const dataAsset = definePage({
  path: "/data/:name",
  query: z.object({ name: z.string().describe("a data asset"), ...pagerParams }),
  load: async ({ registry }, { name: asked, before }): Promise<Model> => {
    const name = assetNamed(asked);
    const scope = homeOf(registry, name);
    const [read, newest] = await Promise.all([
      listVersions(registry, scope, "data", name, {
        limit: PAGE_SIZE + 1,
        ...(before === undefined ? {} : { before }),
      }),
      latestVersion(registry, scope, "data", name),
    ]);
    const { shown, olderBefore } = pageOf(read.map(lineOf), ({ version }) => version);
    return {
      name,
      branch: scope.branch,
      versions: shown,
      olderBefore,
      newest: newest && lineOf(newest),
    };
  },
  render: (view, model, { before }) => ({
    title: model.name,
    section: "data",
    crumbs: [{ text: "Data", href: view.href("/data") }, { text: model.name }],
    finding: findingOf(view, model),
    lead: (
      <>
        {model.branch === view.branch ? "" : (
          <>
            Read from branch{" "}
            <b>
              <Foreign text={model.branch} />
            </b>.{" "}
          </>
        )}
        A version is never changed; its files are named by their hashes. Made by{" "}
        <a href={view.href(`/flows/${MADE_BY[model.name]}`)}>{MADE_BY[model.name]}</a>.
      </>
    ),
    body: (
      <Panel id="versions" title="Versions" scope="newest first" span="c12" class="sg">
        {model.versions.length === 0
          ? (
            <>
              <Nothing>
                {before === undefined
                  ? `There is no ${model.name} on branch ${model.branch} yet.`
                  : `There is no version before v${before}.`}
              </Nothing>
              <Command text={view.command(MADE_BY[model.name]!)} />
            </>
          )
          : <Versions view={view} model={model} />}
        <Pager view={view} olderBefore={model.olderBefore} before={before} />
      </Panel>
    ),
  }),
});

function lineOf(version: VersionRecord): Line {
  const { files, version: number, marketAt, recordedAt, runId, description, tags } = version;
  return {
    version: number,
    marketAt,
    recordedAt,
    runId,
    description,
    tags,
    byteLength: Object.values(files).reduce((sum, file) => sum + file.byteLength, 0),
  };
}

function findingOf(view: View, { name, newest }: Model): string {
  if (newest === null) return `There is no ${name} yet`;
  const many = newest.version === 1
    ? `One ${name}`
    : `${count(newest.version)} versions of ${name}`;
  return newest.marketAt === null
    ? `${many}, the newest made ${ageText(view, newest.recordedAt)}`
    : `${many}, up to ${instant(newest.marketAt)}`;
}

const Versions = ({ view, model: { name, versions } }: { view: View; model: Model }) => (
  <Table
    caption={`Versions ${versions.at(-1)!.version} to ${versions[0]!.version}.`}
    columns={[
      { name: "Version" },
      { name: "Market time" },
      { name: "What it is" },
      { name: "Size", isNumeric: true },
      { name: "Recorded" },
      { name: "Made by" },
      { name: "Tags" },
    ]}
    narrow={[undefined, undefined, "full", undefined, undefined, undefined, undefined]}
    rows={versions.map((line) => [
      <VersionLink view={view} name={name} version={line.version} text={`v${line.version}`} />,
      instant(line.marketAt),
      <span class="dim">
        <Foreign text={line.description} />
      </span>,
      fileSize(line.byteLength),
      <At view={view} at={line.recordedAt} />,
      <RunLink view={view} id={line.runId} />,
      line.tags.length === 0 ? UNDEFINED : <Foreign text={line.tags.join(", ")} />,
    ])}
  />
);
