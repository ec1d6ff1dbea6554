// Data: snapshots, datasets and evaluation results, and the dictionary of features.

import { z } from "@hono/zod-openapi";
import { ASSET, DATA_ASSETS } from "../../../src/domain/asset.ts";
import { familyOf, wordsOf } from "../../../src/domain/drivers.ts";
import { VERSION_REF_FORMS } from "../../../src/domain/names.ts";
import { latestVersion, listVersions, resolveVersion } from "../../../src/registry/assets.ts";
import { homeOf } from "../../../src/registry/context.ts";
import { lineageOf, usersOf } from "../../../src/registry/lineage.ts";
import { namesOf } from "../../reading/annotations.ts";
import { briefLineage, briefVersion } from "../lineage.ts";
import { defineOperation, type Operation } from "../operation.ts";
import { featuresSchema } from "../schemas/predictions.ts";
import { listParams, page, pageOf } from "../schemas/shapes.ts";
import { dataAssetSchema, dataVersionSchema, versionBriefSchema } from "../schemas/versions.ts";

const SHOWN_USERS = 20;

const name = z.enum(DATA_ASSETS).describe("a data asset");
const ref = z.string().min(1).max(100).describe(`a version: ${VERSION_REF_FORMS}`);

const list = defineOperation({
  method: "get",
  path: "/data",
  group: "data",
  summary: "Data assets and their newest versions",
  answer: z.strictObject({ items: z.array(dataAssetSchema) }),
  answers: "Data assets, in the order of the data path",
  example: { path: "/data" },
  handle: async ({ view: { registry } }) => ({
    items: await Promise.all(DATA_ASSETS.map(async (name) => {
      const scope = homeOf(registry, name);
      const latest = await latestVersion(registry, scope, "data", name);
      return {
        name,
        branch: scope.branch,
        versions: latest?.version ?? 0,
        latest: latest && briefVersion(latest),
      };
    })),
  }),
});

const versions = defineOperation({
  method: "get",
  path: "/data/{name}",
  group: "data",
  summary: "Versions of a data asset, newest first",
  params: z.strictObject({ name }),
  query: z.strictObject(listParams),
  answer: pageOf(versionBriefSchema, "versions"),
  answers: "Versions",
  example: { path: "/data/market_snapshot?limit=5" },
  handle: async ({ view: { registry }, params: { name }, query: { limit, before } }) => {
    const read = await listVersions(registry, homeOf(registry, name), "data", name, {
      limit: limit + 1,
      ...(before === undefined ? {} : { before }),
    });
    return page(read.map(briefVersion), limit, ({ version }) => version);
  },
});

const show = defineOperation({
  method: "get",
  path: "/data/{name}/{version}",
  group: "data",
  summary: "One version: files, what it was made of, what was made of it",
  params: z.strictObject({ name, version: ref }),
  answer: dataVersionSchema,
  answers: "The version",
  example: { path: "/data/market_snapshot/latest" },
  handle: async ({ view: { registry }, params: { name, version } }) => {
    const scope = homeOf(registry, name);
    const record = await resolveVersion(registry, scope, "data", name, version);
    const [nodes, usedBy] = await Promise.all([
      lineageOf(registry, record),
      usersOf(registry, scope, record, SHOWN_USERS),
    ]);
    const { inputs: _inputs, ...rest } = record;
    return { ...rest, lineage: nodes.map(briefLineage), usedBy };
  },
});

const features = defineOperation({
  method: "get",
  path: "/features",
  group: "data",
  summary: "The dictionary of features",
  description:
    "Of a model's features, in the order in which it takes them; POST /score needs each.",
  query: z.strictObject({
    model: ref.optional().describe("whose features; default: the newest version"),
  }),
  answer: featuresSchema,
  answers: "Features in words",
  example: { path: "/features" },
  handle: async ({ view: { registry }, query }) => {
    const scope = registry.scopes.write;
    const record = query.model === undefined
      ? await latestVersion(registry, scope, "model", ASSET.detector)
      : await resolveVersion(registry, scope, "model", ASSET.detector, query.model);
    const used = record ? namesOf(record, "feature_names") : [];
    const dropped = record ? namesOf(record, "dropped_features") : [];
    return {
      model: ASSET.detector,
      version: record?.version ?? null,
      items: [...used, ...dropped].map((name) => ({
        name,
        ...wordsOf(name),
        family: familyOf(name),
        dropped: dropped.includes(name),
      })),
    };
  },
});

export const dataOperations: Operation[] = [list, versions, show, features];
