// serve: the process that stays. Today the API's health and status. Pages and schedules have their room
// here: --no_schedules is accepted already, so that scripts written for both work with either.

import { z } from "zod";
import { AppError } from "../../domain/errors.ts";
import { defineCommand, openSession, planCall } from "../command.ts";
import { branchParams } from "../parameters.ts";

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];

export const serve = defineCommand({
  name: "serve",
  group: "operate",
  summary: "Answer health and status over HTTP, on loopback.",
  description:
    "Pages are to come, and the schedules of project.json are checked but not run yet: " +
    "call anomaly ingest once an hour.",
  params: z.strictObject({
    host: z.string().min(1).default("127.0.0.1").describe("address to listen on; loopback only"),
    port: z.int().min(0).max(65_535).default(8001).describe(
      "port to listen on; 0 for any free one",
    ),
    no_schedules: z.boolean().default(false).describe(
      "do not run the schedules; there are none yet, so that it changes nothing",
    ),
    ...branchParams,
  }),
  examples: ["anomaly serve", "anomaly serve --port 9000"],
  run: async (app, call) => {
    const { host, port } = call.params;
    if (!LOOPBACK.includes(host)) {
      throw new AppError(
        "unauthorized",
        `Cannot serve on ${host}: found no token, expected one for any address but loopback ` +
          `(${LOOPBACK.join(", ")}). Next: anomaly serve --host 127.0.0.1`,
      );
    }
    const plan = await planCall(app, call);
    using session = await openSession(app, call, { write: true, plan });
    await app.serve(session, { host, port, signal: app.signal });
    return { json: { stopped: true }, text: "Stopped." };
  },
});
