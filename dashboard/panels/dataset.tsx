// A dataset pair: whether what a model is judged by looks like what it learned from, and what is missing.

import type { FC } from "hono/jsx";
import { ASSET, type VersionRecord } from "../../src/domain/asset.ts";
import { wordsOf } from "../../src/domain/drivers.ts";
import type { FeatureHistogram as Counted } from "../../src/domain/histograms.ts";
import type { ReadScope } from "../../src/domain/scope.ts";
import { count, percent, UNDEFINED } from "../../src/cards/format.ts";
import { getVersion, readFile } from "../../src/registry/assets.ts";
import type { RegistryContext } from "../../src/registry/context.ts";
import { getRun } from "../../src/registry/runs.ts";
import { FeatureHistogram } from "../charts/histograms.tsx";
import { Facts, Nothing, Panel, Table } from "../components/panel.tsx";
import { At, RunLink, VersionLink } from "../components/refs.tsx";
import { datasetHistograms } from "../reading/datasets.ts";
import { Memo } from "../reading/memo.ts";
import { hrefWith, type View } from "../view.ts";

const SHOWN_HISTOGRAMS = 12;
const KEPT_REPORTS = 50;

/** A feature of both parts, with its name in words; those that shift most come first. */
export type FeatureFacts = Counted & { label: string };

export interface DatasetFacts {
  /** Empty for a dataset from before histograms were stored. */
  features: FeatureFacts[];
  /** Feature → share of rows without a value, where histograms do not say it. */
  missing: Record<string, number>;
  gaps: { from_at: string; to_at: string; hours: number }[];
  /** The other half of the pair. */
  other: { name: string; version: number } | null;
}

/** The report as `build_dataset` stores it. */
interface Report {
  training?: { missing_rate?: Record<string, number> };
  gaps?: DatasetFacts["gaps"];
}

const reports = new Memo<Report>(KEPT_REPORTS);

export async function datasetFacts(
  registry: RegistryContext,
  scope: ReadScope,
  version: VersionRecord,
): Promise<DatasetFacts> {
  const [histograms, report, run] = await Promise.all([
    datasetHistograms(registry, version),
    reportOf(registry, version),
    getRun(registry, scope, version.runId),
  ]);
  const features = (histograms?.features ?? [])
    .map((feature) => ({ ...feature, label: wordsOf(feature.feature).label }))
    .sort((a, b) => (b.shift ?? -1) - (a.shift ?? -1));
  const otherName = version.name === ASSET.trainingDataset
    ? ASSET.evalHoldout
    : ASSET.trainingDataset;
  const made = run?.produced.find(({ name }) => name === otherName);
  const other = made && await getVersion(registry, scope, "data", made.name, made.version);
  return {
    features,
    missing: report.training?.missing_rate ?? {},
    gaps: report.gaps ?? [],
    other: other ? { name: other.name, version: other.version } : null,
  };
}

async function reportOf(registry: RegistryContext, version: VersionRecord): Promise<Report> {
  const file = version.files.report;
  if (file === undefined) return {};
  return await reports.get(registry, file.sha256, async () => {
    return JSON.parse(new TextDecoder().decode(await readFile(registry, version, "report")));
  });
}

interface Props {
  view: View;
  version: VersionRecord;
  facts: DatasetFacts;
  showsAll: boolean;
}

export const DatasetPanels: FC<Props> = (props) => (
  <>
    <PairPanel {...props} />
    <HistogramsPanel {...props} />
    <MissingPanel {...props} />
  </>
);

const PairPanel: FC<Props> = ({ view, version: { annotations }, facts: { other, gaps } }) => {
  const at = (name: string) => {
    const value = annotations[name];
    return <At view={view} at={typeof value === "string" ? value : null} />;
  };
  const number = (name: string) => count(Number(annotations[name] ?? NaN));
  return (
    <Panel id="pair" title="What is in it" scope="times are the market’s">
      <Facts
        facts={[
          [
            "Rows",
            `${number("row_count")} of ${number("coin_count")} coins in ${
              number("snapshot_count")
            } snapshots`,
          ],
          ["From", <>{at("first_at")} to {at("last_at")}</>],
          [
            "Its pair",
            other === null
              ? UNDEFINED
              : <VersionLink view={view} name={other.name} version={other.version} />,
          ],
          [
            "Left out",
            `${number("dropped_coins")} coins with too few snapshots, ${
              number("embargoed_rows")
            } rows between the parts`,
          ],
          [
            "Without a snapshot",
            gaps.length === 0
              ? `${number("hours_without_snapshot")}\u00a0h`
              : gaps.map((gap, i) => (
                <>
                  {i === 0 ? "" : ", "}
                  {`${gap.hours}\u00a0h after `}
                  <At view={view} at={gap.from_at} />
                </>
              )),
          ],
        ]}
      />
    </Panel>
  );
};

const HistogramsPanel: FC<Props> = ({ view, version, facts: { features }, showsAll }) => {
  const drawn = features.filter(({ bins }) => bins !== null);
  if (drawn.length === 0) {
    return (
      <Panel id="histograms" title="Training against holdout">
        <Nothing>
          This dataset is from before histograms were stored with it; the card of{" "}
          <RunLink view={view} id={version.runId} /> draws them from its rows.
        </Nothing>
      </Panel>
    );
  }
  const shown = showsAll ? drawn : drawn.slice(0, SHOWN_HISTOGRAMS);
  return (
    <Panel
      id="histograms"
      title="Training against holdout"
      scope="bars: training; line: holdout; both as shares of their rows"
      end={showsAll
        ? <a href={hrefWith(view, { features: undefined })}>only what differs most</a>
        : <a href={hrefWith(view, { features: "all" })}>{`all ${drawn.length}`}</a>}
    >
      <p class="dim small">
        {showsAll
          ? "All features, those that differ most first. "
          : `The ${shown.length} features that differ most. `}
        A shift is the share of the holdout that would have to move to look like training.
      </p>
      <div class="hists">
        {shown.map(({ label, bins, shift }) => (
          <FeatureHistogram
            name={label}
            training={{ from: bins!.from, to: bins!.to, counts: bins!.training }}
            holdout={{ from: bins!.from, to: bins!.to, counts: bins!.holdout }}
            shift={shift}
          />
        ))}
      </div>
    </Panel>
  );
};

const MissingPanel: FC<Props> = ({ facts: { features, missing } }) => {
  const rows = features.length > 0
    ? features.map((one) => ({
      label: one.label,
      training: one.training_missing,
      holdout: one.holdout_missing,
      shift: one.shift,
    }))
    : Object.entries(missing).map(([name, share]) => ({
      label: wordsOf(name).label,
      training: share,
      holdout: null,
      shift: null,
    }));
  if (rows.length === 0) return null;
  const lacking = rows.filter(({ training, holdout }) => (training ?? 0) + (holdout ?? 0) > 0);
  return (
    <Panel
      id="missing"
      title="Missing values"
      scope={`${lacking.length} of ${rows.length} features lack some`}
    >
      {lacking.length === 0 ? <p class="dim">Every row has a value of every feature.</p> : (
        <Table
          caption="Shares of rows. A missing value stays missing until a model puts its training median there."
          columns={[
            { name: "Feature" },
            { name: "Training", isNumeric: true },
            { name: "Holdout", isNumeric: true },
            { name: "Shift", isNumeric: true },
          ]}
          narrow={["full", "training", "holdout", "shift"]}
          rows={lacking
            .toSorted((a, b) => (b.training ?? 0) - (a.training ?? 0))
            .map(({ label, training, holdout, shift }) => [
              label,
              percent(training),
              percent(holdout),
              percent(shift),
            ])}
        />
      )}
    </Panel>
  );
};
