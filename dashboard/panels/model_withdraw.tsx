// Taking a version back: rolling back the aliases that it holds, and revoking it for good. Each with its
// effect before the form.

import type { FC } from "hono/jsx";
import { instant, plainText } from "../../src/cards/format.ts";
import { FormMarks } from "../acts/form.tsx";
import { Facts, Foreign, Panel } from "../components/panel.tsx";
import { ModelLink } from "../components/refs.tsx";
import { State } from "../components/state.tsx";
import type { ModelDetail } from "../reading/model_detail.ts";
import type { RollbackEffect } from "../reading/promotion_effect.ts";
import type { View } from "../view.ts";

export interface WithdrawProps {
  view: View;
  detail: ModelDetail;
  rollbacks: readonly RollbackEffect[];
}

/** One part for live updates: which panels there are changes with the aliases. */
export const WithdrawPanels: FC<WithdrawProps> = (props) => (
  <div class="stack" id="withdraw" data-live>
    {props.rollbacks.map((effect) => <RollbackPanel {...props} effect={effect} />)}
    <RevokePanel {...props} />
  </div>
);

const RollbackPanel: FC<WithdrawProps & { effect: RollbackEffect }> = (
  { view, detail: { version }, effect: { alias, returnsTo, refusal } },
) => (
  <Panel id={`rollback-${alias}`} title={`Roll ${plainText(alias)} back`} class="sg">
    {returnsTo === null ? <p class="dim">{plainText(refusal ?? "")}</p> : (
      <>
        <Facts
          facts={[
            [
              `Alias ${plainText(alias)}`,
              (
                <>
                  {`v${version} → `}
                  <ModelLink view={view} version={returnsTo} />
                  {", who held it before"}
                </>
              ),
            ],
            ["Needs", "no new evaluation"],
            ["Undo", `promote v${version} again`],
          ]}
        />
        <form class="sg" method="post" action={view.href(`/aliases/${alias}/rollback`)}>
          <FormMarks view={view} />
          <input type="hidden" name="expect" value={`v${version}`} />
          <ReasonField />
          <p class="bts">
            <button class="btn" type="submit">{`Roll back to v${returnsTo}`}</button>
          </p>
        </form>
      </>
    )}
  </Panel>
);

const ReasonField: FC = () => (
  <label class="field">
    Reason
    <input name="reason" autocomplete="off" maxlength={1000} required />
  </label>
);

const RevokePanel: FC<WithdrawProps> = ({ view, detail, rollbacks }) => {
  const { version, revocation } = detail;
  if (revocation !== null) {
    return (
      <Panel id="revoke" title={`Revoked v${version}`} class="sg">
        <p>
          <State kind="refused" word="Revoked" />
          {` ${instant(revocation.recordedAt)} by `}
          <Foreign text={revocation.actor} />
        </p>
        <p class="dim">
          <Foreign text={revocation.reason} />
        </p>
      </Panel>
    );
  }
  const stuck = rollbacks.find(({ returnsTo }) => returnsTo === null);
  const isHeld = rollbacks.length > 0;
  return (
    <Panel id="revoke" title={`Revoke v${version}`} class="sg">
      <Facts
        facts={[
          ["Effect", "no alias may ever point to it again; its records stay"],
          ...rollbacks.map(({ alias, returnsTo }): [string, string] => [
            `Alias ${plainText(alias)}`,
            returnsTo === null ? "has nobody to return to" : `v${version} → v${returnsTo}`,
          ]),
          ["Undo", "none"],
        ]}
      />
      {stuck !== undefined
        ? (
          <p class="dim small">
            {`Refused while it is ${plainText(stuck.alias)}: promote another first.`}
          </p>
        )
        : (
          <form class="sg" method="post" action={view.href(`/models/${version}/revoke`)}>
            <FormMarks view={view} />
            <ReasonField />
            {isHeld
              ? (
                <label class="check">
                  <input type="checkbox" name="rollback" required />
                  {` also roll back ${
                    rollbacks.map(({ alias }) => plainText(alias)).join(", ")
                  }, in the same commit`}
                </label>
              )
              : ""}
            <p class="bts">
              <button class="btn danger" type="submit">{`Revoke v${version} for good`}</button>
            </p>
          </form>
        )}
    </Panel>
  );
};
