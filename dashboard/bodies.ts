// What requests carry: so much at most, whoever sends it and to whatever route, and forms that can be
// read as such.

import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { BodyData } from "hono/utils/body";
import { AppError } from "../src/domain/errors.ts";

const MAX_BODY_BYTES = 5_000_000;

/** Goes before whatever reads a body: the log-in is one that anybody may send. */
export function limitBodies(): MiddlewareHandler {
  return bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: () => {
      throw new AppError(
        "invalid",
        `Cannot read the request: found more than ${
          MAX_BODY_BYTES / 1e6
        } MB, expected at most that. ` +
          `Next: send it in parts.`,
      );
    },
  });
}

/** The fields of a form; several of one name as a list. Throws `invalid` where it is none. */
export async function readForm(c: Context): Promise<BodyData<{ all: true }>> {
  try {
    return await c.req.parseBody({ all: true });
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new AppError(
      "invalid",
      `Cannot read the form: ${cause.message}. Expected application/x-www-form-urlencoded, or ` +
        `multipart/form-data with its boundary.`,
      { cause },
    );
  }
}
