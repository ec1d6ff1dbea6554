// `anomaly serve` left to itself on a simulated market, from an empty store: what a week and more come to,
// from the first snapshot to validated outcomes, and how much memory the one process takes for all of it.
//
// Usage: deno run --allow-all bench/simulated_week.ts [--days 10]

import { parseArgs } from "@std/cli";
import type { Rate } from "../src/domain/outcomes.ts";
import { withFolder } from "../tests/support/market.ts";
import { serveSimulatedDays, type SimulatedDays } from "../tests/support/simulated_days.ts";
import { peakSoFar } from "./peak_memory.ts";

const POLL_MS = 50;

const args = parseArgs(Deno.args, { string: ["days"] });
const days = Number(args.days ?? 10);

/** The days with the peak memory of the process, MB; null where the system does not tell. */
async function measured(folder: string): Promise<SimulatedDays & { peak: number | null }> {
  let peak: number | null = null;
  const watches: ReturnType<typeof setInterval>[] = [];
  const onStarted = ({ pid }: { pid: number }) => {
    watches.push(setInterval(() => peak = peakSoFar(pid) ?? peak, POLL_MS));
  };
  try {
    return { ...await serveSimulatedDays(folder, { days, onStarted }), peak };
  } finally {
    watches.forEach(clearInterval);
  }
}

function lines(all: SimulatedDays & { peak: number | null }): string[] {
  const { champion, episodes } = all.report;
  const percent = (rate: number | null) => rate === null ? "–" : `${(100 * rate).toFixed(1)} %`;
  const share = ({ value, interval, n }: Rate) =>
    `${percent(value)} (${percent(interval?.low ?? null)} to ${
      percent(interval?.high ?? null)
    }, n ${n})`;
  const failed = all.runs.filter(({ status }) => status !== "completed");
  const first = (flow: string) => {
    const run = all.runs.find((one) => one.flow === flow && one.status === "completed");
    const hour = all.runs.filter((one) => one.flow === "ingest" && one.id <= (run?.id ?? 0)).length;
    return run ? `hour ${hour}` : "never";
  };
  return [
    `${days} simulated days in ${all.seconds.toFixed(1)} s, exit ${all.exitCode}, ` +
    `peak memory ${all.peak?.toFixed(0) ?? "–"} MB`,
    `runs         ${all.runs.length}, not completed ${failed.length}`,
    `snapshots    ${all.snapshots}`,
    `datasets     ${all.datasets}, the first at ${first("build_dataset")}`,
    `models       ${all.models}, passed every gate ${all.passed}`,
    `promotions   ${all.promotions}, the first at ${first("promote")}`,
    `anomaly rate ${percent(all.anomalyRate)} of the coins that champions scored`,
    `outcomes     ${champion.resolved} decided, coverage ${percent(champion.coverage)}`,
    `precision    ${share(champion.precision)}; crashes are ${percent(champion.crash_rate)}`,
    `recall       ${share(champion.recall)}`,
    `episodes     ${episodes.episodes}: ${episodes.caught} before a crash, ${episodes.false_alarms} false, ` +
    `${episodes.undecided} undecided`,
    ...(all.report.kinds ?? []).map(({ kind, events, caught, recall }) =>
      `  ${kind.padEnd(16)} ${caught} of ${events} events caught, ${percent(recall)}`
    ),
    ...failed.map((run) => `  run ${run.id} ${run.flow} ${run.status}: ${run.error?.message}`),
  ];
}

await withFolder(async (folder) => {
  const text = lines(await measured(folder)).join("\n");
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
});
