// What a version learned from, by which settings, and the file that it is.

import type { JsonObject } from "../../src/domain/asset.ts";
import type { Child, FC } from "hono/jsx";
import { count, decimal, instant, percent, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { HOUR_MS } from "../../src/domain/time.ts";
import { Facts, Panel } from "../components/panel.tsx";
import { Age, RefLink, RunLink } from "../components/refs.tsx";
import { fileSize, shortHash } from "../components/text.ts";
import type { ModelDetail } from "../reading/model_detail.ts";
import type { View } from "../view.ts";

export const FactsPanel: FC<{ view: View; detail: ModelDetail }> = ({ view, detail }) => {
  const { settings, version } = detail;
  const file = view.href(`/models/${version}/file`);
  return (
    <Panel
      id="learned"
      title="What it learned from"
      scope={plainText(settings.algorithm)}
      end={<RunLink view={view} id={detail.runId} />}
    >
      <Facts
        facts={[
          ["Trained", <Trained view={view} detail={detail} />],
          ["Data", <Data view={view} detail={detail} />],
          ["Window", windowOf(detail)],
          ["Settings", settingsText(settings.config)],
          ["Features", featuresText(settings)],
          [
            "Flags in training",
            `${percent(settings.trainingRate)} of its rows, below a threshold of ${
              decimal(settings.threshold)
            }`,
          ],
          ...settings.warnings.map((text): [Child, Child] => ["Warning", plainText(text)]),
          [
            "File",
            <>
              <a href={file} download>
                {`anomaly_detector_v${version}.safetensors`}
              </a>
              {`, ${fileSize(settings.byteLength)}, sha256 `}
              <code title={settings.sha256}>{shortHash(settings.sha256)}</code>
            </>,
          ],
        ]}
      />
    </Panel>
  );
};

const Trained: FC<{ view: View; detail: ModelDetail }> = ({ view, detail }) => (
  <>
    <Age view={view} at={detail.recordedAt} />
    {detail.marketAt === null ? "" : `, at market time ${instant(detail.marketAt)}`}
  </>
);

const Data: FC<{ view: View; detail: ModelDetail }> = ({ view, detail: { learnedFrom } }) => {
  const { dataset, rows, coins, snapshots } = learnedFrom;
  const parts = [
    rows === null ? "" : `${count(rows)} rows`,
    coins === null ? "" : `${count(coins)} coins`,
    snapshots === null ? "" : `${count(snapshots)} snapshots with the holdout`,
  ].filter((part) => part !== "");
  return (
    <>
      {dataset === null
        ? "fresh data, fetched when it was trained"
        : <RefLink view={view} of={dataset} />}
      {parts.length === 0 ? "" : `: ${parts.join(", ")}`}
    </>
  );
};

function windowOf({ learnedFrom: { firstAt, lastAt, marketAt } }: ModelDetail): string {
  if (firstAt === null || lastAt === null) return `up to ${instant(marketAt)}`;
  const hours = Math.round((Date.parse(lastAt) - Date.parse(firstAt)) / HOUR_MS);
  return `${instant(firstAt)} to ${instant(lastAt)}, ${count(hours)}\u00a0h`;
}

function settingsText(config: JsonObject): Child {
  const entries = Object.entries(config);
  if (entries.length === 0) return UNDEFINED;
  return (
    <code>
      {entries.map(([name, value]) => `${plainText(name)}=${plainText(String(value))}`).join(" ")}
    </code>
  );
}

function featuresText({ features, dropped }: ModelDetail["settings"]): string {
  const all = features === null ? UNDEFINED : count(features);
  return dropped.length === 0
    ? all
    : `${all}; dropped, null throughout: ${plainText(dropped.join(", "))}`;
}
