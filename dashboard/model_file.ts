// A version's safetensors file to download: no code, the tensors and a header that describes them. What is
// handed out has been checked against its hash.

import type { Hono } from "hono";
import { ASSET } from "../src/domain/asset.ts";
import { fileOf, readFile, resolveVersion } from "../src/registry/assets.ts";
import type { Views } from "./view.ts";

export function mountModelFile(app: Hono, views: Views): void {
  app.get("/models/:ref/file", async (c) => {
    const { registry } = await views.of(c);
    const { write } = registry.scopes;
    const ref = c.req.param("ref");
    const version = await resolveVersion(registry, write, "model", ASSET.detector, ref);
    const { sha256, mediaType } = fileOf(version, "model");
    const bytes = await readFile(registry, version, "model");
    c.header("content-type", mediaType);
    c.header(
      "content-disposition",
      `attachment; filename="${version.name}_v${version.version}.safetensors"`,
    );
    c.header("cache-control", "private, no-cache");
    c.header("etag", `"${sha256}"`);
    return c.body(bytes);
  });
}
