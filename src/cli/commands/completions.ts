// completions: the script that teaches a shell the commands and flags.

import { z } from "zod";
import { completions, type Shell, SHELLS } from "../completions.ts";
import { type Command, defineCommand } from "../command.ts";

export function completionsCommand(commands: () => readonly Command[]): Command {
  return defineCommand({
    name: "completions",
    group: "operate",
    summary: "Print the completion script of a shell.",
    positionals: [{ name: "shell", description: "a shell", required: true, choices: SHELLS }],
    params: z.strictObject({}),
    examples: ["source <(anomaly completions bash)", "anomaly completions fish"],
    run: (_app, call) => {
      const shell = call.positionals[0] as Shell;
      const script = completions(commands(), shell);
      return Promise.resolve({ json: { shell, script }, text: script });
    },
  });
}
