// The stylesheet, the script and the icon: part of the module graph, named by what is in them, so that a
// browser asks for each once.

import type { Hono } from "hono";
import apiCss from "./static/api.css" with { type: "text" };
import css from "./static/app.css" with { type: "text" };
import chartCss from "./static/charts.css" with { type: "text" };
import icon from "./static/favicon.svg" with { type: "text" };
import script from "./static/app.js" with { type: "text" };
import { Sendable } from "./sendable.ts";

function named(name: string, extension: string, type: string, text: string) {
  const file = new Sendable(text, type);
  return { path: `/static/${name}.${file.digest}.${extension}`, file };
}

export const STATIC = {
  css: named("app", "css", "text/css; charset=utf-8", css + chartCss + apiCss),
  script: named("app", "js", "text/javascript; charset=utf-8", script),
  icon: named("icon", "svg", "image/svg+xml", icon),
};

export function mountStatic(app: Hono): void {
  for (const { path, file } of Object.values(STATIC)) {
    app.get(path, (c) => file.send(c, "public, max-age=31536000, immutable"));
  }
}
