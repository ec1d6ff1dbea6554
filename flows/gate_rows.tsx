// Gates as numbers, as the cards of evaluations and promotions show them.

import type { GateResult } from "../src/domain/evaluation.ts";
import { expected, held } from "../src/cards/gate_numbers.ts";
import { type Mark, Rows, State } from "../src/cards/page.tsx";

const MARKS: Record<GateResult["status"], Mark> = {
  passed: "passed",
  failed: "failed",
  not_applicable: "none",
};

export function GateRows({ gates, caption }: { gates: readonly GateResult[]; caption: string }) {
  const isNoted = gates.some((gate) => gate.note !== null);
  return (
    <Rows
      caption={caption}
      columns={[
        { name: "gate" },
        { name: "value", isNumeric: true },
        { name: "expected", isNumeric: true },
        { name: "verdict" },
        ...(isNoted ? [{ name: "note" }] : []),
      ]}
      rows={gates.map((gate) => [
        gate.name + (gate.hard ? "" : " (soft)"),
        held(gate),
        expected(gate),
        <State mark={MARKS[gate.status]} word={gate.status.replace("_", " ")} />,
        ...(isNoted ? [gate.note ?? ""] : []),
      ])}
    />
  );
}
