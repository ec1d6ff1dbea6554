// Two versions side by side: what differs, which is better on the same rows, and whether the one may take
// the place of the other.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { ASSET } from "../../src/domain/asset.ts";
import { countGates } from "../../src/domain/gates.ts";
import { count, percent } from "../../src/cards/format.ts";
import { CHAMPION, listAliases } from "../../src/registry/aliases.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import { standingWords } from "../components/model_words.ts";
import { definePage } from "../page.ts";
import { PairGates, PairMetrics, SharedOutcomes } from "../panels/compare_metrics.tsx";
import { SettingsPanel } from "../panels/compare_settings.tsx";
import { marketMoved, PromotePanel } from "../panels/model_promote.tsx";
import { AgreementPanel, ScoresPanel } from "../panels/model_scores.tsx";
import { agreementOf, judgedPair, sharedOutcomes } from "../reading/comparison.ts";
import { differencesOf } from "../reading/differences.ts";
import { judgedScores, type ModelDetail, modelDetail } from "../reading/model_detail.ts";
import { flagsNow, offeredAliases } from "../reading/promotion_effect.ts";
import type { View } from "../view.ts";

interface Query {
  a: string;
  b: string;
}

async function load({ registry, configs }: View, query: Query) {
  const scope = registry.scopes.write;
  // One after the other, so that of two that are missing it is always the first that is named.
  const recordA = await resolveVersion(registry, scope, "model", ASSET.detector, query.a);
  const recordB = await resolveVersion(registry, scope, "model", ASSET.detector, query.b);
  const aliases = await listAliases(registry, scope, ASSET.detector);
  const [a, b] = await Promise.all(
    [recordA, recordB].map((record) => modelDetail(registry, record, aliases)),
  ) as [ModelDetail, ModelDetail];
  const pair = judgedPair(a, b);
  const [scoresA, scoresB, agreement, paired, flags] = await Promise.all([
    judgedScores(registry, recordA, pair.a ?? undefined),
    judgedScores(registry, recordB, pair.b ?? undefined),
    agreementOf(registry, a, b, pair),
    sharedOutcomes(registry, a.version, b.version),
    flagsNow(registry, a.version),
  ]);
  const holder = aliases.find((one) => one.alias === CHAMPION) ?? null;
  return {
    a,
    b,
    champion: holder?.version ?? null,
    differences: differencesOf(a, b),
    pair,
    scoresA,
    scoresB,
    agreement,
    outcomes: paired,
    tolerance: configs.eval_config.champion_tolerance,
    promotion: { alias: CHAMPION, holder, offered: offeredAliases(aliases, CHAMPION), flags },
  };
}

type Model = Awaited<ReturnType<typeof load>>;

export const modelCompare = definePage({
  path: "/models/compare",
  query: z.object({
    a: z.string().min(1).max(100).default("latest").describe("one version"),
    b: z.string().min(1).max(100).default(CHAMPION).describe("the other one"),
    all: z.enum(["1"]).optional().describe("with what is equal"),
  }),
  load,
  render: (view, model, { all }) => ({
    title: `v${model.a.version} against v${model.b.version}`,
    section: "models",
    crumbs: [{ text: "Models", href: view.href("/models") }, {
      text: `anomaly_detector / v${model.a.version} against v${model.b.version}`,
    }],
    finding: findingOf(model),
    lead: <Lead model={model} />,
    body: <Body view={view} model={model} showsAll={all !== undefined} />,
  }),
});

function findingOf({ a, b, champion, differences }: Model): string {
  if (a.version === b.version) return `v${a.version} is compared with itself`;
  const candidate = champion === b.version ? a : champion === a.version ? b : null;
  if (candidate === null) {
    const n = differences.different.length;
    return `v${a.version} and v${b.version} differ in ${n} ${n === 1 ? "way" : "ways"}`;
  }
  const latest = candidate.evaluations[0];
  const judged = latest === undefined
    ? null
    : { gates: countGates(latest.gates), comparedTo: latest.comparedTo };
  const words = standingWords(candidate.version, judged, candidate.blockers);
  return candidate.blockers.length === 0
    ? `${words} in place of v${champion}`
    : `${words}; v${champion} stays champion`;
}

const Lead: FC<{ model: Model }> = ({ model: { a, b, pair, agreement } }) => {
  const { metricsA, metricsB, footing } = pair;
  if (metricsA === null || metricsB === null) {
    const missing = metricsA === null ? a : b;
    return <>{`v${missing.version} was not judged yet: only settings can be compared.`}</>;
  }
  const moved = pair.space === a.version && pair.a ? marketMoved(a.gates, pair.a) : null;
  return (
    <>
      {footing === "different_rows" ? "On different rows " : "On the same rows "}
      {`v${a.version} flags `}
      <b>{percent(metricsA.anomalyRate)}</b>
      {` and v${b.version} `}
      <b>{percent(metricsB.anomalyRate)}</b>
      {agreement === null ? "." : (
        <>
          {"; they decide alike on "}
          <b>{percent((agreement.both + agreement.neither) / Math.max(1, agreement.rows))}</b>
          {` of ${count(agreement.rows)}.`}
        </>
      )}
      {moved === null ? "" : ` ${moved}`}
    </>
  );
};

const Body: FC<{ view: View; model: Model; showsAll: boolean }> = ({ view, model, showsAll }) => {
  const { a, b, pair } = model;
  const names = { a: a.version, b: b.version };
  return (
    <>
      <div class="c8 stack">
        <SettingsPanel
          view={view}
          a={a}
          b={b}
          differences={model.differences}
          showsAll={showsAll}
        />
        <PairGates view={view} {...names} pair={pair} />
        <PairMetrics view={view} {...names} pair={pair} tolerance={model.tolerance} />
        <SharedOutcomes view={view} {...names} paired={model.outcomes} />
      </div>
      <div class="c4 stack">
        <PromotePanel
          view={view}
          version={a.version}
          blockers={a.blockers}
          gates={a.gates}
          evaluation={a.evaluations[0] ?? null}
          {...model.promotion}
        />
        <Scores id="scores-a" of={a} scores={model.scoresA} />
        {a.version === b.version ? "" : <Scores id="scores-b" of={b} scores={model.scoresB} />}
        <AgreementPanel
          a={`v${a.version}`}
          b={`v${b.version}`}
          agreement={model.agreement}
        />
      </div>
    </>
  );
};

const Scores: FC<{ id: string; of: ModelDetail; scores: Model["scoresA"] }> = (
  { id, of, scores },
) => (
  <ScoresPanel
    id={id}
    version={of.version}
    threshold={of.settings.threshold}
    trainingRate={of.settings.trainingRate}
    scores={scores}
    isJudged={of.evaluations.length > 0}
  />
);
