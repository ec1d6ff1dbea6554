// backup and restore: the whole store as one file, and that file as the store.

import { z } from "zod";
import { count, decimal } from "../../cards/format.ts";
import { resolveKvPath } from "../../config/mod.ts";
import { AppError } from "../../domain/errors.ts";
import { shellWord } from "../../domain/shell.ts";
import type { StoreCopy } from "../../domain/store_copy.ts";
import { type App, type Call, type Command, defineCommand, flagWords } from "../command.ts";

const backup = defineCommand({
  name: "backup",
  group: "operate",
  summary: "Copy the whole store to a file, while others write to it.",
  description:
    "The copy is the store at one instant: all branches, all bytes, in one file that is checked before " +
    "it gets its name.",
  params: z.strictObject({
    out: z.string().min(1).optional().meta({ placeholder: "file" })
      .describe("where to (default: beside the store, with the time in its name)"),
    force: z.boolean().default(false).describe("replace a file that is there"),
  }),
  examples: ["anomaly backup", "anomaly backup --out registry.backup.kv --force"],
  run: async (app, call) => {
    const { out, force } = call.params;
    const options = { to: out, overwrite: force, nowMs: app.nowMs() };
    const copy = await app.backUpStore(storePath(app, call, "back up"), options);
    const text = [
      `${copy.path}: ${sizeAndTime(copy)}, checked.`,
      ...call.globals.quiet
        ? []
        : [`To put it back: anomaly restore ${shellWord(copy.path)} --force${kvFlag(call)}`],
    ];
    return { json: copyJson(copy), text: text.join("\n") };
  },
});

const restore = defineCommand({
  name: "restore",
  group: "operate",
  summary: "Put a backup in the place of the store.",
  description:
    "The file is checked first. A store that is there is moved aside, not deleted; no other process may " +
    "have it open.",
  positionals: [{ name: "file", description: "what backup wrote", required: true }],
  params: z.strictObject({
    force: z.boolean().default(false).describe("move a store that is there aside"),
  }),
  examples: ["anomaly restore registry.backup.kv --force"],
  run: async (app, call) => {
    const options = { overwrite: call.params.force, nowMs: app.nowMs() };
    const path = storePath(app, call, "restore");
    const copy = await app.restoreStore(call.positionals[0]!, path, options);
    const text = [
      `${copy.path} is restored: ${sizeAndTime(copy)}, checked.`,
      ...copy.movedTo === null ? [] : [`The store before it is ${copy.movedTo}`],
      ...call.globals.quiet ? [] : [`Next: anomaly status${kvFlag(call)}`],
    ];
    return { json: { ...copyJson(copy), moved_to: copy.movedTo }, text: text.join("\n") };
  },
});

export const storeCopyCommands: readonly Command[] = [backup, restore];

/** Where the store lies. Throws `invalid` for the platform's own, which has no path. */
function storePath(app: App, call: Call<object>, act: string): string {
  const path = resolveKvPath({ flag: call.globals.kv, env: app.env });
  if (path !== undefined) return path;
  throw new AppError(
    "invalid",
    `Cannot ${act} the platform's database: expected a file. Next: use the backups of the platform, ` +
      `or name a file with --kv <path>`,
  );
}

function kvFlag({ globals }: Call<object>): string {
  return flagWords({ kv: globals.kv });
}

function sizeAndTime({ byteLength, ms }: StoreCopy): string {
  return `${count(byteLength)} bytes in ${decimal(ms / 1000, 1)} s`;
}

function copyJson({ path, byteLength, schema, ms }: StoreCopy) {
  return { path, byte_length: byteLength, schema, seconds: ms / 1000 };
}
