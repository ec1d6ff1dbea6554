// The newest events in a panel, with the runs that failed between them: a failure publishes nothing.

import type { FC } from "hono/jsx";
import type { EventRecord } from "../../src/domain/run.ts";
import { plainText } from "../../src/cards/format.ts";
import { eventWords } from "../components/event_words.tsx";
import { Nothing, Panel } from "../components/panel.tsx";
import { At, RunLink } from "../components/refs.tsx";
import type { RunRow } from "../reading/runs.ts";
import type { View } from "../view.ts";

const SHOWN_MESSAGE_CHARS = 120;

export interface RecentEventsProps {
  view: View;
  events: EventRecord[];
  failures: RunRow[];
  /** How many lines there is room for. */
  limit: number;
}

export const RecentEvents: FC<RecentEventsProps> = ({ view, events, failures, limit }) => {
  const oldest = events.at(-1)?.recordedAt ?? "";
  const lines = [
    ...events.map((event) => ({ at: event.recordedAt, event, run: null })),
    ...failures.filter((run) => (run.finishedAt ?? "") >= oldest)
      .map((run) => ({ at: run.finishedAt ?? run.startedAt, event: null, run })),
  ].sort((a, b) => a.at < b.at ? 1 : a.at > b.at ? -1 : 0).slice(0, limit);
  return (
    <Panel
      id="events"
      title="Events"
      scope="newest first"
      end={<a href={view.href("/events")}>all events</a>}
    >
      {lines.length === 0 ? <Nothing>Nothing has happened yet.</Nothing> : (
        <ul class="ev">
          {lines.map(({ at, event, run }) => (
            <li>
              <At view={view} at={at} />
              <div>
                {event === null
                  ? <Failure view={view} run={run!} />
                  : <Happened view={view} event={event} />}
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
};

const Happened: FC<{ view: View; event: EventRecord }> = ({ view, event }) => (
  <>
    <code>{event.name}</code>
    <p>
      {eventWords(view, event)}
      {event.runId === null ? "" : (
        <>
          {" · "}
          <RunLink view={view} id={event.runId} />
        </>
      )}
    </p>
  </>
);

const Failure: FC<{ view: View; run: RunRow }> = ({ view, run }) => (
  <>
    <code class="fail">run failed</code>
    <p>
      {`${run.flow}${run.error?.step ? `, step ${run.error.step}` : ""}: ${
        plainText(run.error?.message ?? "").slice(0, SHOWN_MESSAGE_CHARS)
      } · `}
      <RunLink view={view} id={run.id} />
    </p>
  </>
);
