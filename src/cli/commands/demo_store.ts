// The demo's own store: made anew where that is asked for, and never over someone else's data.

import { AppError } from "../../domain/errors.ts";
import { readBranch } from "../../registry/context.ts";
import { type App, type Call, hint, openSession, type Plan, type Session } from "../command.ts";

export const DEMO_KV = "anomaly_data/demo.kv";
export const DEMO_BRANCH = "demo";

/** A call whose store and branch are the demo's. */
export type DemoStoreCall = Call<{ branch: string; read_branch: undefined }>;

/** Deletes an earlier demo's store, and nothing else: what holds other branches is not a demo's. */
export async function prepareStore(app: App, call: DemoStoreCall, plan: Plan): Promise<void> {
  const { kv } = call.globals;
  if (kv === undefined || kv === ":memory:" || /^https?:/.test(kv)) return;
  {
    using session = await openSession(app, call, { write: false, plan });
    const branches = await session.registry.store.branchNames(plan.project.project.project);
    const others = branches.filter((branch) => branch !== DEMO_BRANCH);
    if (others.length > 0) {
      throw new AppError(
        "conflict",
        `Cannot delete the store ${kv}: found ${
          others.join(", ")
        } in it, expected the demo's own ` +
          `branch alone. Next: anomaly demo --kv <another path>`,
      );
    }
  }
  await app.deleteStore(kv);
}

export async function refuseUsedStore(session: Session, call: DemoStoreCall): Promise<void> {
  if (await readBranch(session.registry, session.registry.scopes.write) === null) return;
  throw new AppError(
    "conflict",
    `Cannot tell the demo's story in ${session.registry.store.location}: an earlier demo is in it. ` +
      `Next: anomaly demo --fresh --kv ${call.globals.kv}, or look at it: ` +
      hint(call, "anomaly status"),
  );
}
