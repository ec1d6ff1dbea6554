// Lineage: from any version back to the raw responses it was made of, and from any version forward
// to what was made of it.

import { ASSET, type LineageInput, type VersionRecord, type VersionRef } from "../domain/asset.ts";
import { AppError } from "../domain/errors.ts";
import { type ReadScope, readScope } from "../domain/scope.ts";
import { keysOf } from "../store/keys.ts";
import { getVersion } from "./assets.ts";
import type { RegistryContext } from "./context.ts";

/** Raw → snapshot → dataset → model → evaluation is five; more is a cycle, which cannot be. */
const MAX_DEPTH = 10;

/** A version, the role in which it was used, and what it was made of in turn. */
export interface LineageNode {
  role: string;
  ref: VersionRef;
  /** First version where the input is a range (the members of a dataset). */
  firstVersion: number;
  sha256: string;
  /** Null when the input is gone. */
  record: VersionRecord | null;
  inputs: LineageNode[];
}

/** What a version was made of, down to the snapshots; of a range only its last member is opened. */
export async function lineageOf(
  ctx: RegistryContext,
  version: VersionRecord,
  depth = 0,
): Promise<LineageNode[]> {
  if (depth >= MAX_DEPTH) {
    throw new AppError("internal", `Cannot follow the lineage of ${version.name}: it is circular.`);
  }
  return await Promise.all(version.inputs.map((input) => follow(ctx, version, input, depth)));
}

async function follow(
  ctx: RegistryContext,
  user: VersionRecord,
  input: LineageInput,
  depth: number,
): Promise<LineageNode> {
  const { ref, role, firstVersion, sha256 } = input;
  const scope = readScope(projectOf(ctx), ref.branch);
  const record = await getVersion(ctx, scope, ref.kind, ref.name, ref.version);
  // An evaluation names the champion that it compared with; that one's own origin is another story.
  const stop = record === null || (role === "champion" && user.name === ASSET.evaluationResults);
  const inputs = stop ? [] : await lineageOf(ctx, record, depth + 1);
  return { role, ref, firstVersion, sha256, record, inputs };
}

function projectOf(ctx: RegistryContext): string {
  return ctx.scopes.read.project;
}

/** What was made of a version, and what the version was in it. */
export interface UserOfVersion {
  role: string;
  kind: string;
  name: string;
  version: number;
}

/** Edges read at a time: one page, where no range of inputs begins after the version. */
const USER_PAGE = 100;

/**
 * What was made of a version on its own branch, at most `limit` of them; a dataset's members are
 * found by range.
 */
export async function usersOf(
  ctx: Pick<RegistryContext, "store">,
  scope: ReadScope,
  version: VersionRecord,
  limit: number,
): Promise<UserOfVersion[]> {
  const users: UserOfVersion[] = [];
  const edges = keysOf(scope).usersOf(version.kind, version.name);
  let from: Deno.KvKeyPart[] = [version.version];
  for (;;) {
    const page = await ctx.store.list(edges, { limit: USER_PAGE, from });
    for (const { rest, value } of page) {
      // A range that ends at or after the version may also begin after it.
      if (value.firstVersion > version.version) continue;
      const [, kind, name, user] = rest;
      users.push({
        role: value.role,
        kind: String(kind),
        name: String(name),
        version: Number(user),
      });
      if (users.length === limit) return users;
    }
    if (page.length < USER_PAGE) return users;
    // A key with one part more is the first that can follow.
    from = [...page.at(-1)!.rest, ""];
  }
}
