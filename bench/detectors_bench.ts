// `deno task bench`: the detectors against scikit-learn in the same run, and the data path that they are
// part of, in one table: bench/results.md. bench/README.md says how it is measured, and --help how it is run.

import { parseArgs } from "@std/cli";
import { fitIsolationForest } from "../src/estimators/isolation_forest.ts";
import { encodeSafetensors } from "../src/store/safetensors.ts";
import { withFolder } from "../tests/support/market.ts";
import { type Case, casesOf, makeRows, WORK_NAMES } from "./detectors/cases.ts";
import { FOREST } from "./detectors/configs.ts";
import type { Timing } from "./detectors/timing.ts";
import { snapshotToAlarm, stages, type WallTiming, wholeDemo } from "./pipeline.ts";

const USAGE = `deno task bench: the detectors against scikit-learn, and the data path

--python <path>   an interpreter with scikit-learn, which becomes a column; may be repeated (python3)
--rounds <n>      how often ours and scikit-learn take turns; the ratio is the median (3)
--only <parts>    some of forest,lof,silhouette,pipeline
--long            what takes minutes as well: 42,000 × 34 and 1,000,000 × 6 where rows meet rows
--output <file>   where the table goes (bench/results.md; with --only it is printed)
--help`;
const PARTS = ["forest", "lof", "silhouette", "pipeline"];
const ROOT = new URL("../", import.meta.url);
const PEER = new URL("bench/detectors/peer.py", ROOT).pathname;
const MEASURE = new URL("bench/detectors/measure.ts", ROOT).pathname;
/** NumPy's libraries would use every processor otherwise. */
const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

interface Peer {
  python: string;
  version: string;
}

/** The timings of a case, round by round; a peer's by its version. */
interface Measured {
  one: Case;
  ours: Timing[];
  peers: Map<string, Timing[]>;
}

async function output(command: string, args: string[]): Promise<string | null> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, {
      args,
      env: { ...ONE_THREAD, NO_COLOR: "1" },
      stdin: "null",
    }).output();
    if (success) return new TextDecoder().decode(stdout).trim();
    await Deno.stderr.write(stderr);
    return null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function findPeers(pythons: string[]): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (const python of pythons) {
    const version = await output(python, [PEER]);
    if (version !== null) peers.push({ python, version });
    else note(`${python}: no scikit-learn there, not compared with`);
  }
  return peers;
}

async function timing(command: string, args: string[]): Promise<Timing> {
  const text = await output(command, args);
  if (text === null) throw new Error(`Cannot measure: ${command} ${args.join(" ")} failed`);
  return JSON.parse(text);
}

/** Ours and each peer in turn, so that whatever else the machine does is spread over all. */
async function measure(
  one: Case,
  rounds: number,
  peers: readonly Peer[],
  folder: string,
): Promise<Measured> {
  const X = makeRows(one.rowCount, one.columnCount);
  const rowsFile = `${folder}/rows.f64`;
  const forestFile = `${folder}/forest.safetensors`;
  await Deno.writeFile(rowsFile, new Uint8Array(X.values.buffer as ArrayBuffer));
  const { estimator } = fitIsolationForest(X, FOREST);
  await Deno.writeFile(forestFile, encodeSafetensors(estimator.toTensors()));
  const text = JSON.stringify(one);
  const measured: Measured = { one, ours: [], peers: new Map() };
  for (let round = 0; round < rounds; round++) {
    const args = ["run", "--allow-all", "--no-check", MEASURE, text, rowsFile, forestFile];
    measured.ours.push(await timing(Deno.execPath(), args));
    for (const { python, version } of peers) {
      const timings = measured.peers.get(version) ?? [];
      timings.push(await timing(python, [PEER, text, rowsFile]));
      measured.peers.set(version, timings);
    }
  }
  return measured;
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function ms(value: number): string {
  if (Number.isNaN(value)) return "–";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, ",")} ms`;
}

/** The peer's warm calls over ours, round by round; the median of the rounds. */
function ratio(ours: Timing[], theirs: Timing[], which: "firstMs" | "warmMs"): string {
  const ratios = ours.map((timing, round) => theirs[round]!.warmMs / timing[which]);
  return `${median(ratios).toFixed(1)} ×`;
}

function throughput({ work, rowCount }: Case, warmMs: number): string {
  if (work !== "forest_score") return "";
  return `, ${(rowCount / warmMs / 1000).toFixed(2)} M rows/s`;
}

function detectorLine({ one, ours, peers }: Measured, versions: readonly string[]): string[] {
  const size = `${one.rowCount.toLocaleString("en")} × ${one.columnCount}`;
  const warmMs = median(ours.map((timing) => timing.warmMs));
  const compared = versions.flatMap((version) => {
    const theirs = peers.get(version)!;
    return [
      ms(median(theirs.map((timing) => timing.warmMs))),
      `${ratio(ours, theirs, "firstMs")}, ${ratio(ours, theirs, "warmMs")}`,
    ];
  });
  const peaks = ours.map(({ peakMb }) => peakMb ?? NaN);
  return [
    `${WORK_NAMES[one.work]}, ${size}`,
    ms(median(ours.map((timing) => timing.firstMs))),
    `${ms(warmMs)}${throughput(one, warmMs)}`,
    Number.isNaN(peaks[0]) ? "–" : `${median(peaks).toFixed(0)} MB`,
    ...compared,
  ];
}

function pipelineLine(timing: WallTiming, versions: readonly string[]): string[] {
  const { name, firstMs, medianMs, longestMs } = timing;
  const warm = Number.isNaN(medianMs) ? "–" : `${ms(medianMs)}, longest ${ms(longestMs)}`;
  return [name, ms(firstMs), warm, "–", ...versions.flatMap(() => ["–", "–"])];
}

function machine(): string {
  const info = Deno.build.os === "linux" ? Deno.readTextFileSync("/proc/cpuinfo") : "";
  const model = /^model name\s*: (.*)$/m.exec(info)?.[1] ?? Deno.build.arch;
  return `${model}, ${navigator.hardwareConcurrency} processors, ${Deno.build.os}, ` +
    `Deno ${Deno.version.deno} (V8 ${Deno.version.v8})`;
}

function results(lines: string[][], versions: readonly string[], rounds: number): string {
  const compared = versions.flatMap((version) => [`scikit-learn ${version}`, "ratio: first, warm"]);
  const head = ["", "first call", "warm", "peak memory", ...compared];
  const table = [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`);
  return `# Results

Written by \`deno task bench\` on ${new Date().toISOString().slice(0, 10)}: ${machine()}.

Detectors: one thread, processor time, ${rounds} round${
    rounds === 1 ? "" : "s"
  } in which ours and scikit-learn take turns, each
in a process of its own on the same rows. _First call_ is the first of a process, compiling included;
_warm_ the median of the second half of two seconds' calls. A ratio is scikit-learn's warm time over
ours in the same round, and of the rounds the median. _Peak memory_ is the process's after its first
call, runtime and rows included. The data path: wall time on a store on disk, simulated market, median
of 45 warm calls.

${table.join("\n")}
`;
}

function note(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

interface Options {
  pythons: string[];
  rounds: number;
  parts: string[];
  isLong: boolean;
  /** null: the table is printed. */
  file: string | null;
}

function readOptions(): Options {
  const args = parseArgs(Deno.args, {
    string: ["python", "rounds", "only", "output"],
    boolean: ["long", "help"],
    collect: ["python"],
  });
  const known = ["_", "python", "rounds", "only", "output", "long", "help"];
  const rounds = Number(args.rounds ?? 3);
  const parts = args.only === undefined ? PARTS : String(args.only).split(",");
  const isKnown = Object.keys(args).every((name) => known.includes(name)) && args._.length === 0 &&
    Number.isInteger(rounds) && rounds > 0 && parts.every((part) => PARTS.includes(part));
  if (args.help === true || !isKnown) {
    note(USAGE);
    Deno.exit(isKnown ? 0 : 2);
  }
  const pythons = args.python as string[];
  const whole = args.only === undefined ? new URL("bench/results.md", ROOT).pathname : null;
  return {
    pythons: pythons.length > 0 ? pythons : ["python3"],
    rounds,
    parts,
    isLong: args.long === true,
    file: args.output === undefined ? whole : String(args.output),
  };
}

const { pythons, rounds, parts, isLong, file } = readOptions();
const peers = await findPeers(pythons);
const versions = peers.map(({ version }) => version);

const lines = await withFolder(async (folder) => {
  const lines: string[][] = [];
  const add = (line: string[]) => {
    lines.push(line);
    note(line.join("  "));
  };
  for (const one of casesOf(isLong)) {
    if (!parts.some((part) => one.work.startsWith(part))) continue;
    add(detectorLine(await measure(one, rounds, peers, folder), versions));
  }
  if (parts.includes("pipeline")) {
    add(pipelineLine(await snapshotToAlarm(folder), versions));
    add(pipelineLine(await wholeDemo(folder), versions));
    for (const timing of await stages()) add(pipelineLine(timing, versions));
  }
  return lines;
});
const text = results(lines, versions, rounds);
if (file === null) {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
} else {
  await Deno.writeTextFile(file, text);
  await output(Deno.execPath(), ["fmt", "--quiet", file]);
}
