// Who is to hear of an event, and how far they are; what was given up, with the form that replays it.

import type { FC } from "hono/jsx";
import type { DeliveryRecord, DeliveryState } from "../../src/domain/durability.ts";
import { count, duration, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { actionOf, FormMarks } from "../acts/form.tsx";
import { Foreign, Panel, Table } from "../components/panel.tsx";
import { At, RunLink } from "../components/refs.tsx";
import { causeIn, EventLink } from "../components/run_words.tsx";
import { State, type StateKind } from "../components/state.tsx";
import type { View } from "../view.ts";

const KINDS: Record<DeliveryState, StateKind> = {
  pending: "idle",
  running: "run",
  done: "ok",
  parked: "fail",
  expired: "warn",
};

/** One line for each listener. */
export const Listeners: FC<{ view: View; deliveries: readonly DeliveryRecord[] }> = (
  { view, deliveries },
) =>
  deliveries.length === 0 ? <span class="dim">{UNDEFINED}</span> : (
    <>
      {deliveries.map((one, i) => (
        <>
          {i === 0 ? "" : <br />}
          <code>{plainText(one.consumer)}</code> <State kind={KINDS[one.state]} word={one.state} />
          {one.runId === null ? "" : (
            <>
              {" "}
              <RunLink view={view} id={one.runId} />
            </>
          )}
          <small class="dim">{waitWords(view, one)}</small>
        </>
      ))}
    </>
  );

/** ", due", ", due in 2 min after 1 failure": when it is tried; nothing for what is over. */
function waitWords(view: View, { state, dueAtMs, failures }: DeliveryRecord): string {
  if (state !== "pending") return "";
  const ms = dueAtMs - view.nowMs;
  const when = ms > 0 ? `, due in ${duration(ms).replaceAll(" ", "\u00a0")}` : ", due";
  return failures === 0 ? when : `${when} after ${failureWords(failures)}`;
}

function failureWords(failures: number): string {
  return failures === 1 ? "1 failure" : `${count(failures)} failures`;
}

/** What was given up, and how each is tried again; nothing where nothing was. */
export const ParkedPanel: FC<{ view: View; parked: readonly DeliveryRecord[] }> = (
  { view, parked },
) =>
  parked.length === 0 ? null : (
    <Panel
      id="parked"
      title="Given up"
      scope="not tried again by themselves; replay what is mended"
      span="c12"
    >
      <Table
        caption="Events that a flow or a notification could not handle, newest first."
        columns={[
          { name: "Event" },
          { name: "For" },
          { name: "Since" },
          { name: "Error" },
          { name: "Replay" },
        ]}
        narrow={[undefined, undefined, undefined, "full", "full"]}
        rows={parked.map((one) => ({
          class: "bad",
          cells: [
            <EventLink view={view} id={one.eventId} />,
            <>
              <code>{plainText(one.consumer)}</code>
              {one.runId === null ? "" : (
                <small class="dim sub">
                  <RunLink view={view} id={one.runId} />
                </small>
              )}
            </>,
            <At view={view} at={one.updatedAt} />,
            <span class="fail">
              {one.error === null ? UNDEFINED : <Foreign text={causeIn(one.error.message)} />}
            </span>,
            <ReplayForm view={view} delivery={one} />,
          ],
        }))}
      />
    </Panel>
  );

const ReplayForm: FC<{ view: View; delivery: DeliveryRecord }> = (
  { view, delivery: { eventId, consumer } },
) => (
  <form method="post" action={actionOf(view, `/events/${eventId}/replay`)}>
    <FormMarks view={view} />
    <input type="hidden" name="consumer" value={consumer} />
    <label class="field">
      Reason, for the audit log
      <input name="reason" maxlength={1000} />
    </label>
    <button
      class="btn"
      type="submit"
      aria-label={`Replay event ${eventId} for ${plainText(consumer)}`}
    >
      Replay
    </button>
  </form>
);
