// The files of data versions, as they are stored: Parquet tables for pandas, polars or DuckDB, raw
// responses, reports. What is handed out has been checked against its hash.

import type { Hono } from "hono";
import type { AssetFile } from "../src/domain/asset.ts";
import { readFile, resolveVersion } from "../src/registry/assets.ts";
import { homeOf } from "../src/registry/context.ts";
import { assetNamed } from "./reading/data_assets.ts";
import type { Views } from "./view.ts";

const EXTENSIONS: Readonly<Record<string, string>> = {
  "application/vnd.apache.parquet": "parquet",
  "application/json": "json",
};

export function mountFiles(app: Hono, views: Views): void {
  app.get("/data/:name/:version/files/:role", async (c) => {
    const { registry } = await views.of(c);
    const name = assetNamed(c.req.param("name"));
    const ref = c.req.param("version");
    const version = await resolveVersion(registry, homeOf(registry, name), "data", name, ref);
    const role = c.req.param("role");
    const bytes = await readFile(registry, version, role);
    const file = version.files[role]!;
    c.header("content-type", file.mediaType);
    c.header("content-disposition", `attachment; filename="${fileName(version, role)}"`);
    c.header("cache-control", "private, no-cache");
    c.header("etag", `"${file.sha256}"`);
    return c.body(bytes);
  });
}

/** "training_dataset_v7_table.parquet" */
export function fileName(
  { name, version, files }: {
    name: string;
    version: number;
    files: Readonly<Record<string, AssetFile>>;
  },
  role: string,
): string {
  const extension = EXTENSIONS[files[role]?.mediaType ?? ""] ?? "bin";
  return `${name}_v${version}_${role.replace(/[^\w-]/g, "_")}.${extension}`;
}
