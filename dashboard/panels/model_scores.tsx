// The scores behind a judgement: how they lie around the threshold, and where champion and candidate decide
// alike.

import type { FC } from "hono/jsx";
import { count, percent } from "../../src/cards/format.ts";
import { AgreementBar } from "../charts/agreement.tsx";
import { ScoreHistogram } from "../charts/histograms.tsx";
import { Nothing, Panel } from "../components/panel.tsx";
import type { JudgedScores } from "../reading/model_detail.ts";

export interface ScoresPanelProps {
  id?: string;
  version: number;
  threshold: number | null;
  trainingRate: number | null;
  scores: JudgedScores | null;
  /** Whether there is an evaluation at all. */
  isJudged: boolean;
}

export const ScoresPanel: FC<ScoresPanelProps> = (
  { id = "scores", version, threshold, trainingRate, scores, isJudged },
) => {
  const title = `Scores of v${version}`;
  if (scores === null || scores.shape === null || threshold === null) {
    return (
      <Panel id={id} title={title} scope="holdout">
        <Nothing>
          {isJudged
            ? "The rows of its evaluation are gone from the store."
            : "An evaluation scores the holdout; there is none yet."}
        </Nothing>
      </Panel>
    );
  }
  const { rows, flagged, shape: { bins, training } } = scores;
  return (
    <Panel id={id} title={title} scope={`holdout, n = ${count(rows)}`}>
      <ScoreHistogram
        title={`Score distribution of v${version}`}
        bins={bins}
        of="holdout"
        threshold={threshold}
        flaggedShare={flagged / Math.max(1, rows)}
        {...(training === null ? {} : {
          training: {
            bins: training,
            ...(trainingRate === null ? {} : { flaggedShare: trainingRate }),
          },
        })}
      />
      <p class="key">
        <span>
          <svg aria-hidden="true">
            <rect width="12" height="12" class="f-flag" />
          </svg>
          flagged
        </span>
        <span>
          <svg aria-hidden="true">
            <rect width="12" height="12" class="f-3" />
          </svg>
          not flagged
        </span>
        {training === null ? "" : (
          <span>
            <svg aria-hidden="true">
              <path d="M0 6h12" class="ln" />
            </svg>
            training
          </span>
        )}
        <span>lower is more abnormal</span>
      </p>
    </Panel>
  );
};

export interface Agreement {
  both: number;
  onlyA: number;
  onlyB: number;
  neither: number;
}

/** `b`: null where it was compared with nobody. */
export const AgreementPanel: FC<{ a: string; b: string | null; agreement: Agreement | null }> = (
  { a, b, agreement },
) => {
  if (agreement === null || b === null) {
    return (
      <Panel id="agreement" title="Agreement on the holdout">
        <Nothing>
          {b === null
            ? `${a} was compared with no champion.`
            : `There are no rows that both ${a} and ${b} scored.`}
        </Nothing>
      </Panel>
    );
  }
  const { both, onlyA, onlyB, neither } = agreement;
  const total = both + onlyA + onlyB + neither;
  const same = both + neither;
  return (
    <Panel
      id="agreement"
      title="Agreement on the holdout"
      scope={`${a} and ${b}, n = ${count(total)}`}
    >
      <p class="dim">{`Same decision on ${count(same)} rows, ${percent(same / total)}`}</p>
      <AgreementBar a={a} b={b} both={both} onlyA={onlyA} onlyB={onlyB} neither={neither} />
    </Panel>
  );
};
