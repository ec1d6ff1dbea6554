// The command line: all commands, in the order of help, and one dispatch from words to an exit code.

import { toAppError } from "../domain/errors.ts";
import { toJson } from "../domain/json.ts";
import type { Flow } from "../engine/flow.ts";
import { type App, type Command, withStoreInHints } from "./command.ts";
import { parseCommandLine } from "./command_line.ts";
import { champion } from "./commands/champion.ts";
import { coin } from "./commands/coin.ts";
import { completionsCommand } from "./commands/completions.ts";
import { configShow } from "./commands/config.ts";
import { dataCommands } from "./commands/data.ts";
import { demo } from "./commands/demo.ts";
import { doctor } from "./commands/doctor.ts";
import { eventCommands } from "./commands/events.ts";
import { flowCommand } from "./commands/flow.ts";
import { gc } from "./commands/gc.ts";
import { modelActs } from "./commands/model_acts.ts";
import { modelCommands } from "./commands/models.ts";
import { outcomes } from "./commands/outcomes.ts";
import { predictions } from "./commands/predictions.ts";
import { runActs } from "./commands/run_acts.ts";
import { runCommands } from "./commands/runs.ts";
import { serve } from "./commands/serve.ts";
import { status } from "./commands/status.ts";
import { storeCopyCommands } from "./commands/store_copies.ts";
import { token } from "./commands/token.ts";
import { verify } from "./commands/verify.ts";
import { help } from "./help.ts";
import { printable } from "./text.ts";

/** Every command, flows first. */
export function allCommands(flows: readonly Flow[]): readonly Command[] {
  const commands: Command[] = [
    ...flows.map(flowCommand),
    demo,
    serve,
    token,
    status,
    champion,
    predictions,
    outcomes,
    coin,
    ...modelCommands,
    ...modelActs,
    ...dataCommands,
    ...runCommands,
    ...runActs,
    ...eventCommands,
    ...storeCopyCommands,
    verify,
    gc,
    configShow,
    doctor,
    completionsCommand(() => commands),
  ];
  return commands;
}

/** Where the text of an invocation goes; `say` (progress, logs) is part of App. */
export interface Streams {
  stdout(text: string): void;
  stderr(text: string): void;
}

/** Runs one command line; gives the exit code. Everything printed goes through `streams` and `app`. */
export async function runCommandLine(
  app: App,
  words: readonly string[],
  streams: Streams,
): Promise<number> {
  const wantsJson = words.some((word) => word === "--json" || word === "--json=true");
  try {
    const commands = allCommands(app.flows);
    const invocation = parseCommandLine(commands, words);
    if (invocation.kind === "help") {
      streams.stdout(help(commands, invocation.topic));
      return 0;
    }
    if (invocation.kind === "version") {
      streams.stdout(`anomaly ${app.codeVersion}`);
      return 0;
    }
    const { spec, ...call } = invocation;
    const result = await spec.run(app, call).catch((cause) => {
      throw withStoreInHints(toAppError(cause), call);
    });
    if (!call.globals.json) {
      // Names, reasons and messages come from outside: none of them may act on a terminal.
      if (result.text !== "") streams.stdout(printable(result.text));
    } else if (result.json !== undefined) {
      streams.stdout(JSON.stringify(toJson(result.json), null, 2));
    }
    return result.exitCode ?? 0;
  } catch (cause) {
    const error = toAppError(cause);
    if (wantsJson) streams.stdout(JSON.stringify(toJson(error.toJSON()), null, 2));
    else streams.stderr(`error: ${error.message.split("\n").map(printable).join("\n")}`);
    return error.exitCode;
  }
}
