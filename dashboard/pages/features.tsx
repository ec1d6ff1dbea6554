// The dictionary of features: what each measures, whether the champion uses it, how often it drove a flag.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { type FeatureUnit, wordsOf } from "../../src/domain/drivers.ts";
import { count, percent, plainText } from "../../src/cards/format.ts";
import { Command } from "../components/command.tsx";
import { Panel, type Row, Table } from "../components/panel.tsx";
import { ModelLink } from "../components/refs.tsx";
import { State, type StateKind } from "../components/state.tsx";
import { capitalized } from "../components/text.ts";
import { definePage } from "../page.ts";
import { type FeatureUse, type FeatureUses, featureUses } from "../reading/features.ts";
import type { View } from "../view.ts";

interface Entry extends FeatureUse {
  label: string;
  meaning: string;
  unit: FeatureUnit;
}

interface Model extends Omit<FeatureUses, "features"> {
  features: Entry[];
  /** Flags that a family is the strongest driver of, the most first. */
  families: { family: string; label: string; features: number; strongest: number; named: number }[];
}

export const features = definePage({
  path: "/features",
  query: z.object({}),
  load: async ({ registry }): Promise<Model> => {
    const uses = await featureUses(registry, registry.scopes.write);
    const families = [...Map.groupBy(uses.features, ({ family }) => family)];
    return {
      ...uses,
      features: uses.features.map((feature) => ({ ...feature, ...wordsOf(feature.name) })),
      families: families.map(([family, of]) => ({
        family,
        label: wordsOf(family).label,
        features: of.length,
        strongest: of.reduce((sum, { strongest }) => sum + strongest, 0),
        // A flag names one feature of a family at most.
        named: of.reduce((sum, { named }) => sum + named, 0),
      })).sort((a, b) => b.strongest - a.strongest || b.named - a.named),
    };
  },
  render: (view, model) => ({
    title: "Dictionary of features",
    section: null,
    finding: findingOf(model),
    lead: <Lead view={view} model={model} />,
    body: (
      <>
        <div class="c4 stack">
          <Families model={model} />
        </div>
        <Panel
          id="features"
          title="Features"
          scope="a family together, in the order of the champion's input"
          span="c8"
        >
          <Table
            caption={`Share of the ${count(model.flags)} flags of the newest ${
              count(model.snapshots)
            } snapshots that name a feature; a flag names three at most, one a family.`}
            columns={[
              { name: "Feature" },
              { name: "What it measures" },
              { name: "Unit" },
              { name: "Champion" },
              { name: "Flags", isNumeric: true },
            ]}
            narrow={["full", "full", "unit", undefined, "of flags"]}
            rows={model.features.map((feature) => rowOf(feature, model.flags))}
          />
        </Panel>
      </>
    ),
  }),
});

/** "7-day volatility drives 62.0 % of flags" */
function findingOf({ families, flags, features }: Model): string {
  const [first] = families;
  if (first === undefined || flags === 0) {
    return `${count(features.length)} features can tell why a coin is flagged`;
  }
  return `${capitalized(first.label)} drives ${percent(first.strongest / flags)} of flags`;
}

const Lead: FC<{ view: View; model: Model }> = ({ view, model }) => {
  const { version, features, flags, snapshots } = model;
  const counted = flags === 0
    ? "Nothing was flagged of late."
    : `Counted over ${count(flags)} flags of ${count(snapshots)} snapshots.`;
  if (version === null) {
    return (
      <>
        Nobody is champion, so no feature is in use yet. {counted}
        <Command text={view.command("train")} />
      </>
    );
  }
  const used = features.filter(({ use }) => use === "used").length;
  const dropped = features.filter(({ use }) => use === "dropped").length;
  return (
    <>
      Champion <ModelLink view={view} version={version} /> uses{" "}
      <b>{`${count(used)} of ${count(used + dropped)}`}</b>
      {" features"}
      {dropped === 0 ? "" : (
        <>
          ; <b>{count(dropped)}</b> {dropped === 1 ? "was" : "were"} dropped
        </>
      )}. {counted} Missing values are filled with the training median.
    </>
  );
};

const Families: FC<{ model: Model }> = ({ model }) => (
  <Panel id="families" title="What drives flags" scope="by family">
    <Table
      caption="A feature's lags, windows and logarithm are its family. Strongest: it moved the score the most."
      columns={[
        { name: "Family" },
        { name: "Features", isNumeric: true },
        { name: "Strongest", isNumeric: true },
        { name: "Named", isNumeric: true },
      ]}
      narrow={[undefined, "features", "strongest", "named"]}
      rows={model.families.map(({ label, features, strongest, named }) => [
        plainText(label),
        count(features),
        share(strongest, model.flags),
        share(named, model.flags),
      ])}
    />
  </Panel>
);

function share(part: number, flags: number): string {
  return percent(flags === 0 ? null : part / flags);
}

const UNITS: Record<FeatureUnit, string> = {
  percent: "%",
  points: "pp",
  ratio: "ratio",
  number: "number",
};

const USES: Record<FeatureUse["use"], [StateKind, string]> = {
  used: ["ok", "used"],
  dropped: ["skip", "dropped"],
  none: ["idle", "not used"],
};

function rowOf(feature: Entry, flags: number): Row {
  const [kind, word] = USES[feature.use];
  return {
    cells: [
      <>
        {plainText(feature.label)}
        <br />
        <code class="dim">{plainText(feature.name)}</code>
      </>,
      plainText(feature.meaning),
      UNITS[feature.unit],
      <State kind={kind} word={word} />,
      share(feature.named, flags),
    ],
  };
}
