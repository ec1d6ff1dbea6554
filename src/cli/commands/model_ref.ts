// The version that a models command is about.

import { ASSET } from "../../domain/asset.ts";
import { VERSION_REF_FORMS } from "../../domain/names.ts";
import { resolveVersion } from "../../registry/assets.ts";
import type { RegistryContext } from "../../registry/context.ts";
import type { Call } from "../command.ts";

const model = ASSET.detector;

export const refPositional = {
  name: "ref",
  description: `a version: ${VERSION_REF_FORMS}`,
  required: true,
};

/** Throws `invalid` or `not_found` as `resolveVersion` does. */
export async function resolveModel(registry: RegistryContext, call: Call<unknown>) {
  const scope = registry.scopes.write;
  const version = await resolveVersion(registry, scope, "model", model, call.positionals[0]!);
  return { registry, scope, version };
}
