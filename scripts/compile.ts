// `deno task compile`: writes ./anomaly, the whole program in one file. With `deno compile` where a denort
// is to be had (downloaded, or named by DENORT_BIN), else as the self-extracting file of
// self_extracting.ts. Configs are part of the module graph, so both carry them.
//
// Usage: deno task compile [--self_extracting] [--output <file>]

import { dirname, join, resolve } from "node:path";
import { parseArgs } from "@std/cli";
import denoConfig from "../deno.json" with { type: "json" };
import { composeSelfExtracting } from "./self_extracting.ts";

/** What the product may do: files and network where the user asks, and never a question. */
const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  "--allow-env",
  "--no-prompt",
];
/** Without a deno.json at run time, its unstable features become flags. */
const UNSTABLE = denoConfig.unstable.map((feature) => `--unstable-${feature}`);
/** Nothing that lies around where the program is started may change what it is. */
const SELF_CONTAINED = ["--no-config", "--no-lock", "--cached-only"];

/** A denort of some 40 MB comes in this time, or the network does not have it. */
const DENORT_TIMEOUT_MS = 60_000;

const root = new URL("../", import.meta.url);

/** Runs this very Deno in the repository; its stderr is kept for the message of a failure. */
async function deno(args: string[], signal?: AbortSignal): Promise<string | null> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    ...(signal === undefined ? {} : { signal }),
  }).output();
  return success ? null : new TextDecoder().decode(stderr).trim();
}

/** Compiles to `output` with a denort; null when done, else why there is none, in one line. */
async function compileWithDenort(output: string): Promise<string | null> {
  const signal = AbortSignal.timeout(DENORT_TIMEOUT_MS);
  const failure = await deno([
    "compile",
    "--no-check",
    "--bundle",
    "--minify",
    "--app-name",
    "anomaly",
    ...PERMISSIONS,
    "--output",
    output,
    "main.ts",
  ], signal);
  if (signal.aborted) return `denort did not come within ${DENORT_TIMEOUT_MS / 1000} s`;
  if (failure !== null) return `denort: ${reasonOf(failure)}`;
  // A DENORT_BIN that is no denort is taken without complaint, and what comes out is plain deno.
  const { stdout } = await new Deno.Command(output, { args: ["--version"], stderr: "null" })
    .output();
  return new TextDecoder().decode(stdout).startsWith("deno ")
    ? "denort: DENORT_BIN names a deno, not a denort"
    : null;
}

/** The innermost cause of what Deno wrote, without its numbering and stack. */
function reasonOf(stderr: string): string {
  const causes = stderr.split("\n\n").find((block) => block.startsWith("Caused by:")) ?? stderr;
  const innermost = causes.trim().split("\n").at(-1) ?? "";
  return innermost.replace(/^\s*(?:\d+: |error: )?/, "");
}

/** Writes the self-extracting file to `output`, with the Deno that runs this script inside. */
async function writeSelfExtracting(output: string): Promise<void> {
  if (Deno.build.os === "windows") {
    throw new Error(
      "Cannot write the self-extracting file for Windows: it starts with a POSIX shell script. " +
        "Name a denort: DENORT_BIN=<file> deno task compile",
    );
  }
  const bundle = `${output}.js`;
  // Minified also because comments would name the folders of the machine that builds;
  // kept names, so that a stack trace can be read.
  const failure = await deno(["bundle", "--minify", "--keep-names", "-o", bundle, "main.ts"]);
  if (failure !== null) throw new Error(`Cannot bundle main.ts:\n${failure}`);
  const [launcher, program, runtime] = await Promise.all([
    Deno.readTextFile(new URL("scripts/launcher.sh", root)),
    Deno.readFile(bundle),
    Deno.readFile(Deno.execPath()),
  ]);
  const runFlags = [...SELF_CONTAINED, ...UNSTABLE, ...PERMISSIONS];
  const bytes = await composeSelfExtracting({ launcher, program, runtime, runFlags });
  await Deno.writeFile(output, bytes, { mode: 0o755 });
}

/** Writes the executable to `output`; tells in words which way was taken, and why. */
async function compile(output: string, selfExtracting: boolean): Promise<string> {
  // Made beside and moved there whole, so that an executable that is running stays what it is.
  const workshop = await Deno.makeTempDir({ dir: dirname(output), prefix: ".compile_" });
  try {
    const draft = join(workshop, "anomaly");
    const refusal = selfExtracting ? "asked for" : await compileWithDenort(draft);
    if (refusal !== null) await writeSelfExtracting(draft);
    await Deno.rename(draft, output);
    return refusal === null ? "by deno compile" : `as a self-extracting file (${refusal})`;
  } finally {
    await Deno.remove(workshop, { recursive: true });
  }
}

const args = parseArgs(Deno.args, { boolean: ["self_extracting"], string: ["output"] });
const file = String(args.output ?? "./anomaly");
const way = await compile(resolve(file), args.self_extracting === true);
const megabytes = ((await Deno.stat(file)).size / 1e6).toFixed(1);
await Deno.stdout.write(new TextEncoder().encode(`Wrote ${file}, ${megabytes} MB, ${way}.\n`));
