// A version: how it was judged, what it learned from, what its flags were worth, and what promoting it or
// taking it back would do.

import type { FC } from "hono/jsx";
import { z } from "zod";
import { ASSET } from "../../src/domain/asset.ts";
import { countGates } from "../../src/domain/gates.ts";
import { isAliasName } from "../../src/domain/names.ts";
import { CHALLENGER_PREFIX } from "../../src/domain/prediction.ts";
import { instant, percent, plainText } from "../../src/cards/format.ts";
import { aliasHistory } from "../../src/registry/alias_history.ts";
import { CHAMPION, listAliases } from "../../src/registry/aliases.ts";
import { resolveVersion } from "../../src/registry/assets.ts";
import { needsJudging, standingWords, wayOn } from "../components/model_words.ts";
import { Foreign } from "../components/panel.tsx";
import { definePage, type NextAction } from "../page.ts";
import { FactsPanel } from "../panels/model_facts.tsx";
import { GatesPanel } from "../panels/model_gates.tsx";
import { HistoryPanel } from "../panels/model_history.tsx";
import { OriginPanel } from "../panels/model_origin.tsx";
import { OutcomesPanel } from "../panels/model_outcomes.tsx";
import { marketMoved, PromotePanel } from "../panels/model_promote.tsx";
import { AgreementPanel, ScoresPanel } from "../panels/model_scores.tsx";
import { WithdrawPanels } from "../panels/model_withdraw.tsx";
import { judgedScores, modelDetail, modelOutcomes } from "../reading/model_detail.ts";
import type { NamedEntry } from "../reading/lineage_graph.ts";
import { originOf } from "../reading/origin.ts";
import { flagsNow, offeredAliases, rollbackEffects } from "../reading/promotion_effect.ts";
import type { View } from "../view.ts";

const SHOWN_ENTRIES = 12;

const aliasParam = z.string().refine(isAliasName)
  .meta({ expected: "an alias: champion, staging, challenger-a" });

async function load({ registry }: View, { ref, alias }: { ref: string; alias: string }) {
  const scope = registry.scopes.write;
  const [record, aliases] = await Promise.all([
    resolveVersion(registry, scope, "model", ASSET.detector, ref),
    listAliases(registry, scope, ASSET.detector),
  ]);
  const detail = await modelDetail(registry, record, aliases);
  const named = [...new Set([CHAMPION, alias, ...detail.aliases])];
  const [scores, outcomes, origin, rollbacks, flags, histories] = await Promise.all([
    judgedScores(registry, record, detail.evaluations[0]),
    modelOutcomes(registry, record.version),
    originOf(registry, record),
    rollbackEffects(registry, detail.aliases),
    flagsNow(registry, record.version),
    Promise.all(
      named.map((name) => aliasHistory(registry, scope, ASSET.detector, name, SHOWN_ENTRIES)),
    ),
  ]);
  const history: NamedEntry[] = named.flatMap((name, i) =>
    histories[i]!.map((entry) => ({ alias: name, entry }))
  );
  return {
    ...detail,
    scores,
    outcomes,
    origin,
    history,
    historyOf: named.filter((_, i) => histories[i]!.length > 0),
    champion: aliases.find((one) => one.alias === CHAMPION)?.version ?? null,
    promotion: {
      alias,
      holder: aliases.find((one) => one.alias === alias) ?? null,
      offered: offeredAliases(aliases, alias),
      flags,
    },
    rollbacks,
  };
}

type Model = Awaited<ReturnType<typeof load>>;

export const model = definePage({
  path: "/models/:ref",
  query: z.object({
    ref: z.string().min(1).max(100),
    alias: aliasParam.default(CHAMPION).describe("alias whose promotion is looked at"),
  }),
  load,
  render: (view, model) => ({
    title: `v${model.version}`,
    section: "models",
    crumbs: [{ text: "Models", href: view.href("/models") }, {
      text: `anomaly_detector / v${model.version}`,
    }],
    finding: findingOf(model),
    lead: <Lead model={model} />,
    next: nextOf(view, model),
    body: <Body view={view} model={model} />,
  }),
});

function judgedOf({ evaluations: [latest] }: Model) {
  return latest === undefined
    ? null
    : { gates: countGates(latest.gates), comparedTo: latest.comparedTo };
}

function findingOf(model: Model): string {
  const { version, champion, blockers } = model;
  if (champion === version) {
    const judged = judgedOf(model);
    if (judged === null) return `v${version} is champion, and was never judged`;
    const { passed, hardFailed, total } = judged.gates;
    return hardFailed === 0
      ? `v${version} is champion and passes ${passed} of ${total} gates`
      : `v${version} is champion, forced over ${hardFailed} of ${total} gates`;
  }
  const words = standingWords(version, judgedOf(model), blockers);
  const holder = champion === null ? "nobody is champion" : `v${champion} stays champion`;
  return blockers.length === 0 && champion !== null
    ? `${words} in place of v${champion}`
    : `${words}; ${holder}`;
}

const Lead: FC<{ model: Model }> = ({ model }) => {
  const { version, evaluations: [latest], gates, settings, revocation } = model;
  if (revocation !== null) {
    return (
      <>
        {`Revoked ${instant(revocation.recordedAt)} by `}
        <Foreign text={revocation.actor} />: <Foreign text={revocation.reason} />
      </>
    );
  }
  if (latest === undefined) {
    return (
      <>
        {`It flags `}
        <b>{percent(settings.trainingRate)}</b>
        {" of the rows that it learned from. On rows that it has not seen, nobody knows yet."}
      </>
    );
  }
  const { candidate, champion, comparedTo } = latest;
  return (
    <>
      {`v${version} flags `}
      <b>{percent(candidate.anomalyRate)}</b>
      {` of its holdout${allowed(model)}.`}
      {champion === null || comparedTo === null ? "" : (
        <>
          {` On the same rows v${comparedTo.version} flags `}
          <b>{percent(champion.anomalyRate)}</b>
          {marketMoved(gates, latest) === null
            ? "."
            : `, so the cause is the market up to ${instant(latest.marketAt)}, not the model.`}
        </>
      )}
    </>
  );
};

/** ", expected 2.0 % to 20.0 %" */
function allowed({ gates }: Model): string {
  const limit = (name: string) => gates.find((row) => row.name === name)?.threshold;
  const [least, most] = [limit("min_anomaly_rate"), limit("max_anomaly_rate")];
  if (most === undefined) return "";
  return least === undefined
    ? `, expected at most ${percent(most)}`
    : `, expected ${percent(least)} to ${percent(most)}`;
}

/** Where gates stand in the way, their panel and the verdict beside it say what to do. */
function nextOf(view: View, model: Model): NextAction | null {
  const { version, champion, revocation, blockers } = model;
  if (revocation !== null || champion === version) return null;
  if (blockers.length === 0) {
    return {
      title: "Do this next",
      text: <a href="#promote">See what promoting it would do</a>,
      command: view.command(`promote --version ${version}`),
    };
  }
  if (!needsJudging(blockers)) return null;
  return {
    title: "Do this next",
    text: `${
      standingWords(version, judgedOf(model), blockers)
    }; judged again, it may stand elsewhere.`,
    command: view.command(wayOn(version, blockers)),
  };
}

const Body: FC<{ view: View; model: Model }> = ({ view, model }) => {
  const { version, evaluations, scores, settings, promotion, history } = model;
  const latest = evaluations[0] ?? null;
  const other = latest?.comparedTo?.version;
  const own = history.find(({ entry, alias }) =>
    entry.version === version && model.aliases.includes(alias)
  );
  return (
    <>
      <div class="c8 stack">
        <GatesPanel view={view} version={version} evaluation={latest} rows={model.gates} />
        <FactsPanel view={view} detail={model} />
        <OutcomesPanel
          view={view}
          version={version}
          outcomes={model.outcomes}
          isScoring={model.aliases.some((alias) =>
            alias === CHAMPION || alias.startsWith(CHALLENGER_PREFIX)
          )}
        />
        <AgreementPanel
          a={`v${version}`}
          b={other === undefined ? null : `v${other}`}
          agreement={scores?.champion
            ? {
              both: scores.champion.both,
              onlyA: scores.champion.onlyCandidate,
              onlyB: scores.champion.onlyChampion,
              neither: scores.champion.neither,
            }
            : null}
        />
      </div>
      <div class="c4 stack">
        <PromotePanel
          view={view}
          version={version}
          blockers={model.blockers}
          gates={model.gates}
          evaluation={latest}
          {...promotion}
        />
        <ScoresPanel
          version={version}
          threshold={settings.threshold}
          trainingRate={settings.trainingRate}
          scores={scores}
          isJudged={latest !== null}
        />
        <WithdrawPanels view={view} detail={model} rollbacks={model.rollbacks} />
      </div>
      <OriginPanel view={view} detail={model} origin={model.origin} promotion={own ?? null} />
      <HistoryPanel
        view={view}
        aliases={model.historyOf.length === 0 ? [CHAMPION] : model.historyOf.map(plainText)}
        entries={history}
        evaluations={evaluations}
      />
    </>
  );
};
