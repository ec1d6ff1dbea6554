// The stylesheet, the script and the icon: part of the module graph, named by what is in them, so that a
// browser asks for each once.

import type { Hono } from "hono";
import apiCss from "./static/api.css" with { type: "text" };
import css from "./static/app.css" with { type: "text" };
import chartCss from "./static/charts.css" with { type: "text" };
import icon from "./static/favicon.svg" with { type: "text" };
import script from "./static/app.js" with { type: "text" };
import { sha256Base64 } from "./digest.ts";

function named(name: string, extension: string, type: string, text: string) {
  return { path: `/static/${name}.${sha256Base64(text)}.${extension}`, type, text };
}

export const STATIC = {
  css: named("app", "css", "text/css; charset=utf-8", css + chartCss + apiCss),
  script: named("app", "js", "text/javascript; charset=utf-8", script),
  icon: named("icon", "svg", "image/svg+xml", icon),
};

export function mountStatic(app: Hono): void {
  for (const { path, type, text } of Object.values(STATIC)) {
    app.get(path, (c) => {
      c.header("content-type", type);
      c.header("cache-control", "public, max-age=31536000, immutable");
      return c.body(text);
    });
  }
}
