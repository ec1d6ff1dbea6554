// What every version of data has: files to download, lineage both ways, annotations.

import type { Child, FC } from "hono/jsx";
import type { Json, VersionRecord } from "../../src/domain/asset.ts";
import { count, plainText, UNDEFINED } from "../../src/cards/format.ts";
import type { LineageNode, UserOfVersion } from "../../src/registry/lineage.ts";
import { Facts, Foreign, Panel, Table } from "../components/panel.tsx";
import { RefLink, VersionLink } from "../components/refs.tsx";
import { fileSize, shortHash } from "../components/text.ts";
import type { View } from "../view.ts";

/** Annotations longer than this are cut; they are whole in the page’s JSON. */
const MAX_CHARS = 120;

export const FilesPanel: FC<{ view: View; version: VersionRecord }> = ({ view, version }) => (
  <Panel id="files" title="Files" scope="to download, as they are stored">
    <Table
      class="plain"
      caption="Checked against their hash when they are read. Parquet opens in pandas, polars and DuckDB."
      columns={[{ name: "File" }, { name: "Size", isNumeric: true }, { name: "SHA-256" }]}
      rows={Object.entries(version.files).map(([role, file]) => [
        <a
          href={fileHref(view, version, role)}
          aria-label={`Download ${plainText(role)}, ${plainText(file.mediaType)}`}
        >
          <code>{plainText(role)}</code>
        </a>,
        fileSize(file.byteLength),
        <code title={file.sha256}>{shortHash(file.sha256)}</code>,
      ])}
    />
  </Panel>
);

export function fileHref(view: View, { name, version }: VersionRecord, role: string): string {
  return view.href(`/data/${name}/${version}/files/${encodeURIComponent(role)}`);
}

export const LineagePanel: FC<
  {
    view: View;
    version: VersionRecord;
    lineage: readonly LineageNode[];
    usedBy: readonly UserOfVersion[];
    /** There may be more users than these. */
    isCut: boolean;
  }
> = ({ view, version, lineage, usedBy, isCut }) => (
  <Panel id="lineage" title="Lineage" scope="both ways">
    <h3>Made of</h3>
    {lineage.length === 0
      ? (
        <p class="dim">
          {version.files.raw === undefined ? "Nothing in this store." : (
            <>
              The market’s <a href={fileHref(view, version, "raw")}>raw answer</a>.
            </>
          )}
        </p>
      )
      : <Nodes view={view} nodes={lineage} />}
    <div class="hr"></div>
    <h3>{isCut ? `Made of it, the first ${usedBy.length}` : "Made of it"}</h3>
    {usedBy.length === 0 ? <p class="dim">Nothing yet.</p> : (
      <Facts
        facts={usedBy.map((user) => [
          plainText(user.role),
          <VersionLink view={view} name={user.name} version={user.version} />,
        ])}
      />
    )}
  </Panel>
);

const Nodes: FC<{ view: View; nodes: readonly LineageNode[] }> = ({ view, nodes }) => (
  <ul class="tree">
    {nodes.map(({ role, ref, firstVersion, record, inputs }) => (
      <li>
        <span class="dim">{`${plainText(role)}: `}</span>
        {firstVersion === ref.version ? "" : `v${firstVersion} to `}
        <RefLink view={view} of={ref} />
        {record === null ? <span class="fail">, gone</span> : ""}
        {inputs.length === 0 ? "" : <Nodes view={view} nodes={inputs} />}
      </li>
    ))}
  </ul>
);

export const AnnotationsPanel: FC<{ version: VersionRecord }> = (
  { version: { annotations, tags, branch } },
) => (
  <Panel id="annotations" title="Annotations" scope="as it was registered">
    <Facts
      facts={[
        ["branch", <Foreign text={branch} />],
        ["tags", <Foreign text={tags.join(", ") || UNDEFINED} />],
        ...Object.entries(annotations).map(([name, value]): [Child, Child] => [
          plainText(name),
          <Foreign text={annotationText(value)} />,
        ]),
      ]}
    />
  </Panel>
);

function annotationText(value: Json): string {
  if (value === null) return UNDEFINED;
  if (typeof value === "number" && Number.isInteger(value)) return count(value);
  if (Array.isArray(value)) return arrayText(value);
  if (typeof value === "object") {
    const parts = Object.entries(value).map(([name, one]) => `${name} ${annotationText(one)}`);
    return cut(parts.join(", ") || "none");
  }
  return cut(String(value));
}

/** Names are said as long as they fit; of anything else, how many there are. */
function arrayText(values: readonly Json[]): string {
  const text = values.join(", ");
  const areNames = values.every((value) => typeof value !== "object");
  if (values.length === 0) return "none";
  return areNames && text.length <= MAX_CHARS ? text : `${count(values.length)} of them`;
}

function cut(text: string): string {
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS - 1)}…` : text;
}
