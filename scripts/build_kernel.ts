// `deno task kernel`: compiles src/kernel/assembly to WebAssembly and writes the bytes as a module,
// src/kernel/kernel_bytes.ts, because only what is in the module graph reaches every way of running
// the program. With --check nothing is written: it fails unless the file is what the source builds.

import asc from "assemblyscript/asc";
import { AppError } from "../src/domain/errors.ts";

const SOURCE = new URL("../src/kernel/assembly/", import.meta.url);
const OUTPUT = new URL("../src/kernel/kernel_bytes.ts", import.meta.url);
const ENTRY = "kernel.ts";
const WASM_FILE = "kernel.wasm";
/** Characters of base64 on a line. */
const LINE_LENGTH = 96;

/** Every file of the sources, by the name that the compiler asks for. */
function readSources(): Map<string, string> {
  const names = [...Deno.readDirSync(SOURCE)].map(({ name }) => name);
  return new Map(names.map((name) => [name, Deno.readTextFileSync(new URL(name, SOURCE))]));
}

/** The module that the sources build, the same bytes on every machine. */
async function buildKernel(): Promise<Uint8Array> {
  const sources = readSources();
  const written = new Map<string, string | Uint8Array>();
  const { error, stderr } = await asc.main(
    [ENTRY, "--config", "asconfig.json", "--outFile", WASM_FILE],
    {
      // null tells the compiler to go on with the next place where a file may be.
      readFile: (name) => sources.get(name) ?? null,
      writeFile: (name, contents) => void written.set(name, contents),
      listFiles: () => [],
    },
  );
  const built = written.get(WASM_FILE);
  if (error === null && built instanceof Uint8Array) return built;
  throw new AppError("invalid", `Cannot build the kernel: ${error?.message}\n${stderr.toString()}`);
}

/** The text of the generated module. */
export async function kernelModule(): Promise<string> {
  const base64 = (await buildKernel()).toBase64();
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return [
    "// Written by `deno task kernel` from assembly/; not to be edited. WebAssembly, as base64.",
    "",
    "export const KERNEL_BASE64 =",
    ...lines.map((line, i) => `  "${line}"${i + 1 < lines.length ? " +" : ";"}`),
    "",
  ].join("\n");
}

if (import.meta.main) {
  const text = await kernelModule();
  if (!Deno.args.includes("--check")) {
    await Deno.writeTextFile(OUTPUT, text);
  } else if (await Deno.readTextFile(OUTPUT) !== text) {
    throw new AppError(
      "invalid",
      "src/kernel/kernel_bytes.ts is not what src/kernel/assembly builds. Run: deno task kernel",
    );
  }
}
