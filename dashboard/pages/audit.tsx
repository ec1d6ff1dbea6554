// The audit log: who did what to which version, and why.

import { z } from "zod";
import { UNDEFINED } from "../../src/cards/format.ts";
import type { AuditRecord } from "../../src/domain/asset.ts";
import { listAudit } from "../../src/registry/events.ts";
import { Command } from "../components/command.tsx";
import { PAGE_SIZE, pageOf, Pager, pagerParams } from "../components/pager.tsx";
import { Foreign, Nothing, Panel, Table } from "../components/panel.tsx";
import { ageText, At } from "../components/refs.tsx";
import { State } from "../components/state.tsx";
import { definePage } from "../page.ts";
import type { View } from "../view.ts";

interface Model {
  acts: AuditRecord[];
  olderBefore: number | null;
  newest: AuditRecord | null;
}

export const audit = definePage({
  path: "/audit",
  query: z.object(pagerParams),
  load: async ({ registry }, { before }): Promise<Model> => {
    const scope = registry.scopes.write;
    const older = before === undefined ? {} : { before };
    const [read, [newest]] = await Promise.all([
      listAudit(registry, scope, { limit: PAGE_SIZE + 1, ...older }),
      listAudit(registry, scope, { limit: 1 }),
    ]);
    const { shown, olderBefore } = pageOf(read, (act) => act.id);
    return { acts: shown, olderBefore, newest: newest ?? null };
  },
  render: (view, model, { before }) => ({
    title: "Audit log",
    section: "events",
    crumbs: [{ text: "Events", href: view.href("/events") }, { text: "audit log" }],
    finding: findingOf(view, model.newest),
    lead: "Every promotion, rollback and revocation, and every run that was asked for over HTTP, " +
      "written in the commit that did it. Lines are never changed or removed.",
    body: (
      <Panel
        id="audit"
        title="Acts"
        scope="newest first"
        end={<a href={view.href("/events")}>events</a>}
        span="c12"
      >
        {model.acts.length === 0
          ? (
            <>
              <Nothing>
                Nobody has promoted, rolled back or revoked anything on this branch, or asked for a
                run over HTTP.
              </Nothing>
              <Command text={view.command("promote --version latest")} />
            </>
          )
          : (
            <Table
              caption={`Acts ${model.acts.at(-1)!.id} to ${model.acts[0]!.id}.`}
              columns={[
                { name: "Act" },
                { name: "Recorded" },
                { name: "What" },
                { name: "By" },
                { name: "Reason" },
              ]}
              narrow={[undefined, undefined, "full", "by", "full"]}
              rows={model.acts.map((act) => [
                <ActState act={act} />,
                <At view={view} at={act.recordedAt} />,
                <Subject view={view} act={act} />,
                <Foreign text={act.actor} />,
                <Reason act={act} />,
              ])}
            />
          )}
        <Pager view={view} olderBefore={model.olderBefore} before={before} />
      </Panel>
    ),
  }),
});

function findingOf(view: View, newest: AuditRecord | null): string {
  if (newest === null) return "Nobody has acted yet";
  return `Last act ${ageText(view, newest.recordedAt)}: ${newest.action} ${newest.subject}`;
}

function ActState({ act }: { act: AuditRecord }) {
  if (act.details.forced === true) return <State kind="warn" word={`${act.action}, forced`} />;
  return <State kind={act.action === "promote" ? "ok" : "idle"} word={act.action} />;
}

/** The subject as it was written, with a link to the version that it names. */
function Subject({ view, act }: { view: View; act: AuditRecord }) {
  const words = <Foreign text={act.subject} />;
  const runId = Number(act.details.run_id);
  if (act.action === "run" && Number.isInteger(runId)) {
    return <a href={view.href(`/runs/${runId}`)}>{words}</a>;
  }
  const version = Number(act.details.version);
  return Number.isInteger(version) ? <a href={view.href(`/models/${version}`)}>{words}</a> : words;
}

function Reason({ act }: { act: AuditRecord }) {
  const { overridden } = act.details;
  const names = Array.isArray(overridden) && overridden.length > 0
    ? ` (overrode ${overridden.map(String).join(", ")})`
    : "";
  return act.reason === "" && names === ""
    ? <>{UNDEFINED}</>
    : <Foreign text={act.reason + names} />;
}
