// What to type on an empty branch, in order, when one does not want the demo.

import type { FC } from "hono/jsx";
import { Command } from "../components/command.tsx";
import { Panel } from "../components/panel.tsx";
import type { View } from "../view.ts";

const STEPS: { flow: string; text: string; command: string }[] = [
  { flow: "ingest", text: "Fetch one snapshot of the market", command: "ingest" },
  { flow: "train", text: "Fit a detector; without a dataset, on fresh data", command: "train" },
  { flow: "evaluate", text: "Judge it on rows that it has not seen", command: "evaluate" },
  {
    flow: "promote",
    text: "Make it champion, if every gate passed",
    command: "promote --version latest",
  },
  {
    flow: "score",
    text: "Score the newest snapshot, and every one that comes",
    command: "ingest --follow",
  },
];

export const FirstSteps: FC<{ view: View }> = ({ view }) => (
  <Panel
    id="steps"
    title="Or step by step"
    scope="in this order; each says what it still needs"
    span="c12"
  >
    <ol class="steps">
      {STEPS.map(({ flow, text, command }) => (
        <li>
          <div>
            <b class="mono">{flow}</b>
            <p class="dim small">{text}</p>
          </div>
          <Command text={view.command(command)} />
        </li>
      ))}
    </ol>
  </Panel>
);
