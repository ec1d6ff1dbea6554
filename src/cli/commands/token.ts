// token: what a dashboard that others can reach asks for.

import { z } from "zod";
import { defineCommand } from "../command.ts";

/** As much as a key: nobody guesses it, and it need not be slowed down when it is compared. */
const TOKEN_BYTES = 32;

export const token = defineCommand({
  name: "token",
  group: "operate",
  summary: "Make a token for a dashboard that others can reach.",
  description:
    "Nothing is kept: set it as ANOMALY_TOKEN where the dashboard runs, and give it to those who may " +
    "see and act. With --quiet it is printed alone.",
  params: z.strictObject({}),
  examples: ["anomaly token", "anomaly token --quiet"],
  run: (_app, call) => {
    const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
    const token = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
    const usage =
      `Set it where the dashboard runs:\n  ANOMALY_TOKEN=${token} anomaly serve --host ` +
      `0.0.0.0\nAsked for it, a browser keeps its session; a program sends it along:\n` +
      `  curl -H "authorization: Bearer ${token}" http://localhost:8001/api/v1/status`;
    const text = call.globals.quiet ? token : `${token}\n\n${usage}`;
    return Promise.resolve({ json: { token, env: "ANOMALY_TOKEN" }, text });
  },
});
