// Writing what is asked for to where the user asked, as it is.

import { AppError } from "../../domain/errors.ts";
import type { CommandResult } from "../command.ts";

/** Writes a new file; one that exists is not overwritten. Throws `invalid`. */
export async function writeExport(
  path: string,
  bytes: Uint8Array,
  what: string,
): Promise<CommandResult> {
  try {
    await Deno.writeFile(path, bytes, { createNew: true });
  } catch (error) {
    throw cannotWrite(path, what, error);
  }
  return {
    json: { path, bytes: bytes.byteLength },
    text: `Wrote ${what} to ${path} (${bytes.byteLength} bytes).`,
  };
}

/** A new file to write; one that exists is left alone. Throws `invalid`. */
export async function createFile(path: string, what: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { write: true, createNew: true });
  } catch (error) {
    throw cannotWrite(path, what, error);
  }
}

function cannotWrite(path: string, what: string, error: unknown): AppError {
  const found = error instanceof Deno.errors.AlreadyExists
    ? "the file exists"
    : error instanceof Deno.errors.NotFound
    ? "its folder does not exist"
    : error instanceof Error
    ? error.message
    : String(error);
  return new AppError(
    "invalid",
    `Cannot export ${what} to ${path}: ${found}. Next: name a new file in a folder that exists.`,
    { cause: error },
  );
}
