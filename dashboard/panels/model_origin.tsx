// From raw responses to promotion in six boxes; every box opens the record that it names.

import type { FC } from "hono/jsx";
import type { AliasEntry } from "../../src/domain/asset.ts";
import type { EvaluationRecord } from "../../src/domain/evaluation.ts";
import { countGates } from "../../src/domain/gates.ts";
import { count } from "../../src/cards/format.ts";
import { Lineage, type LineageBox } from "../charts/lineage.tsx";
import { Panel } from "../components/panel.tsx";
import { refHref, refName, shortTime } from "../components/refs.tsx";
import { State } from "../components/state.tsx";
import { fileSize, shortHash } from "../components/text.ts";
import type { ModelDetail } from "../reading/model_detail.ts";
import type { Origin } from "../reading/origin.ts";
import type { View } from "../view.ts";

export interface OriginPanelProps {
  view: View;
  detail: ModelDetail;
  origin: Origin;
  /** The promotion that gave it an alias; null where it never had one that is known here. */
  promotion: { alias: string; entry: AliasEntry } | null;
}

export const OriginPanel: FC<OriginPanelProps> = (props) => {
  const { view, detail } = props;
  const graph = view.href(`/models/${detail.version}/lineage`);
  return (
    <Panel
      id="lineage"
      title={`Lineage of v${detail.version}`}
      scope="every box opens the record it names"
      end={<a href={graph}>both ways, with hashes</a>}
      span="c12"
    >
      <Lineage
        of={`v${detail.version}`}
        boxes={[
          rawBox(props, graph),
          snapshotsBox(props),
          datasetBox(props),
          modelBox(props),
          evaluationBox(props),
          promotionBox(props),
        ]}
      />
    </Panel>
  );
};

function rawBox({ origin: { snapshots, raw } }: OriginPanelProps, graph: string): LineageBox {
  const kind = "Raw responses";
  if (raw !== null) {
    return { kind, name: fileSize(raw.byteLength), href: graph, facts: [hashFact(raw.sha256)] };
  }
  if (snapshots === null || snapshots.raw === null) return missing(kind, "gone");
  return {
    kind,
    name: count(snapshots.count),
    href: graph,
    facts: [{ text: `the last one’s sha256 ${shortHash(snapshots.raw.sha256)}` }],
  };
}

function snapshotsBox({ view, origin: { snapshots, raw } }: OriginPanelProps): LineageBox {
  const kind = "Snapshots";
  if (snapshots === null) {
    return missing(kind, raw === null ? "gone" : "none: fetched for it alone");
  }
  const { ref, firstVersion, firstAt, lastAt } = snapshots;
  return {
    kind,
    name: `v${firstVersion} to v${ref.version}`,
    href: refHref(view, ref),
    facts: [{ text: `${shortTime(view, firstAt)} to ${shortTime(view, lastAt)}` }],
  };
}

function datasetBox({ view, origin: { dataset } }: OriginPanelProps): LineageBox {
  const kind = "Dataset";
  if (dataset === null) return missing(kind, "none: trained on fresh data");
  const { ref, sha256, runId, isGone } = dataset;
  if (isGone) return missing(kind, refName(view, ref), "gone");
  return {
    kind,
    name: refName(view, ref),
    href: refHref(view, ref),
    facts: [...runFact(view, runId), hashFact(sha256)],
  };
}

function modelBox({ view, detail }: OriginPanelProps): LineageBox {
  return {
    kind: "Model",
    name: `anomaly_detector v${detail.version}`,
    href: view.href(`/models/${detail.version}`),
    facts: [...runFact(view, detail.runId), hashFact(detail.settings.sha256)],
    place: "here",
  };
}

function evaluationBox({ view, detail }: OriginPanelProps): LineageBox {
  const evaluation: EvaluationRecord | undefined = detail.evaluations[0];
  if (evaluation === undefined) return missing("Evaluation", "none", "not judged yet");
  const { total, passed } = countGates(evaluation.gates);
  const against = evaluation.comparedTo ? `v${evaluation.comparedTo.version}` : "no champion";
  return {
    kind: "Evaluation",
    name: `${passed} of ${total} gates`,
    href: view.href(`/data/evaluation_results/${evaluation.resultVersion}`),
    facts: [...runFact(view, evaluation.runId), { text: `against ${against}` }],
    state: evaluation.passed
      ? <State kind="ok" word="passed" />
      : <State kind="fail" word="failed" />,
  };
}

function promotionBox({ view, detail, promotion }: OriginPanelProps): LineageBox {
  const kind = "Promotion";
  if (promotion === null) {
    const isRefused = detail.blockers.length > 0 && detail.evaluations.length > 0;
    return {
      ...missing(kind, "none"),
      ...(isRefused
        ? { state: <State kind="refused" word="refused" /> }
        : { facts: [{ text: "holds no alias" }] }),
    };
  }
  const { alias, entry } = promotion;
  return {
    kind,
    name: alias,
    ...(entry.actingRunId === null ? {} : { href: view.href(`/runs/${entry.actingRunId}`) }),
    facts: [...runFact(view, entry.actingRunId), { text: shortTime(view, entry.marketAt) }],
    state: entry.forced ? <State kind="warn" word="forced" /> : <State kind="ok" word="done" />,
  };
}

function runFact(view: View, id: number | null) {
  return id === null ? [] : [{ text: `run ${id}`, href: view.href(`/runs/${id}`) }];
}

function hashFact(sha256: string) {
  return { text: `sha256 ${shortHash(sha256)}` };
}

function missing(kind: string, name: string, fact?: string): LineageBox {
  return { kind, name, place: "stop", ...(fact === undefined ? {} : { facts: [{ text: fact }] }) };
}
