// What verify and gc share: the store that is there, the file behind it, and how far they have come.

import { AppError } from "../../domain/errors.ts";
import { type App, type Call, openSession, type Session } from "../command.ts";

/** The call of a command that takes a branch. */
export type BranchCall = Parameters<typeof openSession>[1];

/** The session of a store that is there. Throws `not_found` for one that is not, instead of making it. */
export async function openExisting(
  app: App,
  call: BranchCall,
  options: { write: boolean },
): Promise<Session> {
  const look = await openSession(app, call, { write: false });
  const { store } = look.registry;
  if (!store.absent && !options.write) return look;
  look[Symbol.dispose]();
  if (!store.absent) return await openSession(app, call, options);
  throw new AppError(
    "not_found",
    `Cannot look after the store ${store.location}: found nothing there, expected a store. Next: name ` +
      `one with --kv <path>`,
  );
}

/** A share on a terminal's line, in hundredths. */
export function shownProgress(app: App, call: Call<object>) {
  return (what: string, share: number) => {
    if (!call.globals.quiet) app.progress(what, Math.floor(100 * share), 100);
  };
}

/** The path of a store that lies in a file that is there; null for any other. */
export async function localFile(kvPath: string | undefined): Promise<string | null> {
  if (kvPath === undefined || kvPath === ":memory:" || /^[a-z][a-z0-9+.-]+:\/\//i.test(kvPath)) {
    return null;
  }
  try {
    return (await Deno.stat(kvPath)).isFile ? kvPath : null;
  } catch (error) {
    // What is not there, or may not be looked at, is told by opening it.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return null;
    }
    throw error;
  }
}
