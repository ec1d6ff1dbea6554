// In what two versions differ, and the form that chooses which two.

import type { FC } from "hono/jsx";
import type { VersionRef } from "../../src/domain/asset.ts";
import { count, plainText } from "../../src/cards/format.ts";
import { FilterForm } from "../components/filter_form.tsx";
import { Nothing, Panel, Table } from "../components/panel.tsx";
import { ModelLink, RefLink, StatusTag } from "../components/refs.tsx";
import type { Difference, Differences } from "../reading/differences.ts";
import type { ModelDetail } from "../reading/model_detail.ts";
import { hrefWith, type View } from "../view.ts";

export interface SettingsPanelProps {
  view: View;
  a: ModelDetail;
  b: ModelDetail;
  differences: Differences;
  showsAll: boolean;
}

export const SettingsPanel: FC<SettingsPanelProps> = (
  { view, a, b, differences: { different, equal }, showsAll },
) => {
  const rows = showsAll ? [...different, ...equal] : different;
  return (
    <Panel id="differences" title="What differs" scope="data, settings, result">
      <Choose view={view} a={a.version} b={b.version} />
      {rows.length === 0
        ? (
          <Nothing>
            {"No difference. "}
            <Fold view={view} equal={equal.length} showsAll={showsAll} />
          </Nothing>
        )
        : (
          <Table
            class="fold sides"
            caption={
              <>
                {showsAll ? "What differs first. " : "Only what differs. "}
                <Fold view={view} equal={equal.length} showsAll={showsAll} />
              </>
            }
            columns={[
              { name: "Setting" },
              { name: <Side view={view} of={a} /> },
              { name: <Side view={view} of={b} /> },
            ]}
            narrow={["full", `v${a.version}`, `v${b.version}`]}
            rows={rows.map((row) => cellsOf(view, row, different.includes(row)))}
          />
        )}
    </Panel>
  );
};

const Side: FC<{ view: View; of: ModelDetail }> = ({ view, of: { version, status } }) => (
  <>
    <ModelLink view={view} version={version} /> <StatusTag status={status} />
  </>
);

const Fold: FC<{ view: View; equal: number; showsAll: boolean }> = ({ view, equal, showsAll }) =>
  showsAll ? <a href={hrefWith(view, { all: undefined })}>Fold what is equal away</a> : (
    <>
      <a href={hrefWith(view, { all: 1 })}>{`${count(equal)} equal settings`}</a>
      {" are folded away."}
    </>
  );

function cellsOf(view: View, { name, a, b, refA, refB }: Difference, differs: boolean) {
  const text = (text: string, of: VersionRef | null) => {
    const shown = of === null ? plainText(text) : <RefLink view={view} of={of} />;
    return differs ? shown : <span class="dim">{shown}</span>;
  };
  return { cells: [plainText(name), text(a, refA), text(b, refB)] };
}

const Choose: FC<{ view: View; a: number; b: number }> = ({ view, a, b }) => (
  <FilterForm view={view} action="/models/compare" button="Compare">
    <label class="field">
      Version
      <input name="a" value={`v${a}`} size={12} autocomplete="off" />
    </label>
    <label class="field">
      beside
      <input name="b" value={`v${b}`} size={12} autocomplete="off" />
    </label>
  </FilterForm>
);
