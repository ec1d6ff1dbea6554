// Versions of data and models, their files and their lineage, as the API answers them.

import { z } from "@hono/zod-openapi";
import { count, freeObject, id, time } from "./shapes.ts";

const kind = z.enum(["data", "model"]);

export const fileSchema = z.strictObject({
  sha256: z.string(),
  byte_length: count,
  media_type: z.string(),
}).openapi("File");

export const versionRefSchema = z.strictObject({
  branch: z.string(),
  kind,
  name: z.string(),
  version: id,
}).openapi("VersionRef");

export const versionFields = {
  kind,
  name: z.string(),
  version: id,
  branch: z.string(),
  recorded_at: time,
  market_at: time.nullable(),
  run_id: id.describe("run that made it"),
  flow: z.string(),
  description: z.string(),
};

export const versionBriefSchema = z.strictObject(versionFields).openapi("VersionBrief");

export interface Lineage {
  role: string;
  ref: z.infer<typeof versionRefSchema>;
  first_version: number;
  sha256: string;
  record: z.infer<typeof versionBriefSchema> | null;
  inputs: Lineage[];
}

export const lineageSchema: z.ZodType<Lineage> = z.strictObject({
  role: z.string().describe("what it was used as: members, training_dataset, model, holdout"),
  ref: versionRefSchema,
  first_version: id.describe("where the input is a range of versions, its first; else its version"),
  sha256: z.string().describe("hash of the file that was used"),
  record: z.union([versionBriefSchema, z.null()]).describe("null where it is gone"),
  get inputs() {
    return z.array(lineageSchema);
  },
}).openapi("Lineage");

export const userSchema = z.strictObject({
  role: z.string(),
  kind,
  name: z.string(),
  version: id,
}).openapi("UsedBy");

export const detailFields = {
  ...versionFields,
  tags: z.array(z.string()),
  annotations: freeObject.describe("what its flow says of it"),
  files: z.record(z.string(), fileSchema).describe("its files by their role"),
};

export const dataVersionSchema = z.strictObject({
  ...detailFields,
  lineage: z.array(lineageSchema).describe("what it was made of"),
  used_by: z.array(userSchema).describe("what was made of it on its branch, at most 20"),
}).openapi("DataVersion");

export const dataAssetSchema = z.strictObject({
  name: z.string(),
  branch: z.string().describe("branch that it is read from"),
  versions: count,
  latest: z.union([versionBriefSchema, z.null()]),
}).openapi("DataAsset");
