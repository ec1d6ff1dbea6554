// Events: what happened on the branch, newest first, and who has heard of it.

import type { FC } from "hono/jsx";
import { z } from "zod";
import type { DeliveryRecord } from "../../src/domain/durability.ts";
import { EVENT_NAMES, type EventName, type EventRecord } from "../../src/domain/run.ts";
import { count, instant } from "../../src/cards/format.ts";
import { deliveriesOfEvents, listParked } from "../../src/registry/deliveries.ts";
import { listEvents } from "../../src/registry/events.ts";
import { Command } from "../components/command.tsx";
import { eventWords } from "../components/event_words.tsx";
import { FilterForm } from "../components/filter_form.tsx";
import { PAGE_SIZE, pageOf, Pager, pagerParams } from "../components/pager.tsx";
import { Nothing, Panel, Table } from "../components/panel.tsx";
import { ageText, At, RunLink } from "../components/refs.tsx";
import { Listeners, ParkedPanel } from "../panels/deliveries.tsx";
import { definePage } from "../page.ts";
import { hrefWith, type View } from "../view.ts";

/** What is worth a look among the hourly ones: models, who holds an alias, and datasets. */
const DECISIONS: readonly EventName[] = EVENT_NAMES.filter((name) =>
  !["snapshot_ready", "anomalies_detected", "outcomes_validated"].includes(name)
);

const SHOWN_PARKED = 20;

/** How far a filtered page looks back: so many events, and it says so. */
const LOOKED_AT = 1000;

/** With those who are to hear of it. */
type HeardEvent = EventRecord & { deliveries: DeliveryRecord[] };

interface Model {
  events: HeardEvent[];
  /** The newest that were given up, wherever they stand in the list. */
  parked: DeliveryRecord[];
  olderBefore: number | null;
  /** Of all names, so that the finding does not change with the filter. */
  newest: EventRecord | null;
  /** How many events were looked at for a filter; null where none was asked for. */
  lookedAt: number | null;
}

export const events = definePage({
  path: "/events",
  query: z.object({
    ...pagerParams,
    name: z.enum(["decisions", ...EVENT_NAMES]).optional()
      .describe("only events of this name; decisions: all but the hourly ones"),
  }),
  load: async ({ registry }, { before, name }): Promise<Model> => {
    const scope = registry.scopes.write;
    const older = before === undefined ? {} : { before };
    const limit = name === undefined ? PAGE_SIZE + 1 : LOOKED_AT;
    const [read, [newest], parked] = await Promise.all([
      listEvents(registry, scope, { limit, ...older }),
      listEvents(registry, scope, { limit: 1 }),
      listParked(registry, scope, { limit: SHOWN_PARKED }),
    ]);
    const found = read.filter((event) => isAsked(event.name, name));
    const { shown, olderBefore } = pageOf(found, (event) => event.id);
    const wasCut = name !== undefined && read.length === LOOKED_AT;
    const heard = await deliveriesOfEvents(registry, scope, shown.map(({ id }) => id));
    return {
      events: shown.map((event) => ({ ...event, deliveries: heard.get(event.id) ?? [] })),
      parked,
      olderBefore: olderBefore ?? (wasCut ? read.at(-1)!.id : null),
      newest: newest ?? null,
      lookedAt: name === undefined ? null : read.length,
    };
  },
  render: (view, model, { before, name }) => ({
    title: "Events",
    section: "events",
    finding: findingOf(view, model),
    lead: (
      <>
        Every event is committed with the change that it announces, and is numbered in the order of
        the commits. What people did, and why, is in the{" "}
        <a href={view.href("/audit")}>audit log</a>.
      </>
    ),
    body: (
      <>
        <ParkedPanel view={view} parked={model.parked} />
        <Panel
          id="events"
          title="Events"
          scope={name === undefined ? "newest first" : `${name}, newest first`}
          end={<a href={view.href("/audit")}>audit log</a>}
          span="c12"
        >
          <Filter view={view} name={name} />
          {model.events.length === 0
            ? <Empty view={view} model={model} name={name} />
            : <EventTable view={view} events={model.events} lookedAt={model.lookedAt} />}
          <Pager view={view} olderBefore={model.olderBefore} before={before} />
        </Panel>
      </>
    ),
  }),
});

function isAsked(event: EventName, name: string | undefined): boolean {
  if (name === undefined) return true;
  return name === "decisions" ? DECISIONS.includes(event) : event === name;
}

function findingOf(view: View, { newest, parked }: Model): string {
  if (parked.length === 1) return "1 event was given up";
  if (parked.length > 1) {
    return parked.length < SHOWN_PARKED
      ? `${count(parked.length)} events were given up`
      : `${count(SHOWN_PARKED)} events or more were given up`;
  }
  if (newest === null) return "Nothing has happened yet";
  return `Last event ${ageText(view, newest.recordedAt)}: ${newest.name.replaceAll("_", " ")}`;
}

const Filter: FC<{ view: View; name: string | undefined }> = ({ view, name }) => (
  <FilterForm view={view} action="/events">
    <label class="field">
      Event
      <select name="name" data-submits>
        <option value="">all events</option>
        <option value="decisions" selected={name === "decisions"}>decisions only</option>
        {EVENT_NAMES.map((one) => <option value={one} selected={one === name}>{one}</option>)}
      </select>
    </label>
  </FilterForm>
);

const Empty: FC<{ view: View; model: Model; name: string | undefined }> = (
  { view, model, name },
) =>
  name !== undefined
    ? (
      <Nothing>
        {`No ${name} among the ${count(model.lookedAt ?? 0)} events looked at. `}
        <a href={hrefWith(view, { name: undefined, before: undefined })}>All events</a>
      </Nothing>
    )
    : (
      <>
        <Nothing>An event is published by every run that changes something.</Nothing>
        <Command text={view.command("ingest")} />
      </>
    );

const EventTable: FC<{ view: View; events: HeardEvent[]; lookedAt: number | null }> = (
  { view, events, lookedAt },
) => (
  <Table
    caption={lookedAt === null
      ? `Events ${events.at(-1)!.id} to ${events[0]!.id}.`
      : `${events.length} found among ${count(lookedAt)} events looked at.`}
    columns={[
      { name: "Event" },
      { name: "Recorded" },
      { name: "What it says" },
      { name: "Who listens" },
      { name: "Market time" },
      { name: "Run" },
    ]}
    narrow={[undefined, undefined, "full", "full", "market", undefined]}
    rows={events.map((event) => [
      <>
        <code class={event.name === "evaluation_failed" ? "fail" : undefined}>{event.name}</code>
        {" "}
        <span class="dim small">{`#${event.id}`}</span>
      </>,
      <At view={view} at={event.recordedAt} />,
      eventWords(view, event),
      <Listeners view={view} deliveries={event.deliveries} />,
      instant(event.marketAt),
      event.runId === null ? "by a person" : <RunLink view={view} id={event.runId} />,
    ])}
  />
);
