// The one file for machines where no denort is to be had: launcher, bundled program and gzipped Deno in
// a row. Only puts the bytes together; scripts/compile.ts says from what, scripts/launcher.sh unpacks.

import { encodeHex } from "@std/encoding";

export interface SelfExtractingParts {
  /** Text of scripts/launcher.sh, its @NAMES@ still open. */
  launcher: string;
  /** The bundled program, one JavaScript module. */
  program: Uint8Array<ArrayBuffer>;
  /** The Deno executable that is to run it. */
  runtime: Uint8Array<ArrayBuffer>;
  /** What stands between `run` and the program, permissions included. */
  runFlags: readonly string[];
}

/**
 * The bytes of a self-extracting executable: POSIX sh text, then the program as it is, then the runtime,
 * gzipped, to the end of the file. Equal parts give equal bytes.
 * Throws where the launcher lacks one of the names that are to be filled in.
 */
export async function composeSelfExtracting(
  { launcher, program, runtime, runFlags }: SelfExtractingParts,
): Promise<Uint8Array<ArrayBuffer>> {
  const [packedRuntime, programSha256, runtimeSha256] = await Promise.all([
    gzip(runtime),
    sha256(program),
    sha256(runtime),
  ]);
  let header = fill(launcher, "PROGRAM_SHA256", programSha256);
  header = fill(header, "RUNTIME_SHA256", runtimeSha256);
  header = fill(header, "PROGRAM_SIZE", String(program.length));
  header = fill(header, "RUNTIME_SIZE", String(runtime.length));
  header = fill(header, "RUN_FLAGS", runFlags.join(" "));
  // Both offsets depend on the header's own length: as wide as their names, they do not change it.
  // `tail -c +n` counts from one.
  const programStart = new TextEncoder().encode(header).length + 1;
  header = fillInWidth(header, "PROGRAM_START", programStart);
  header = fillInWidth(header, "RUNTIME_START", programStart + program.length);
  return new Uint8Array(await new Blob([header, program, packedRuntime]).arrayBuffer());
}

function fill(text: string, name: string, value: string): string {
  const mark = `@${name}@`;
  if (text.split(mark).length !== 2) {
    throw new Error(`The launcher names ${mark} not once: it and self_extracting.ts do not agree.`);
  }
  return text.replace(mark, () => value);
}

function fillInWidth(text: string, name: string, value: number): string {
  return fill(text, name, String(value).padEnd(name.length + 2));
}

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(packed).arrayBuffer();
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return encodeHex(await crypto.subtle.digest("SHA-256", bytes));
}
