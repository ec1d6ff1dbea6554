// A document without the frame: where there is no visitor yet, or nothing to be read.

import type { Child } from "hono/jsx";
import { STATIC } from "../static_files.ts";

export interface Bare {
  title: string;
  finding: string;
  lead: Child;
  body?: Child;
}

/** The document as text. All text in it is escaped. */
export function renderBare({ title, finding, lead, body = "" }: Bare): string {
  return "<!DOCTYPE html>\n" + (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · anomaly`}</title>
        <link rel="icon" href={STATIC.icon.path} type="image/svg+xml" />
        <link rel="stylesheet" href={STATIC.css.path} />
      </head>
      <body>
        <main id="main">
          <div class="head c12">
            <div>
              <h1>{finding}</h1>
              <p>{lead}</p>
            </div>
          </div>
          {body}
        </main>
      </body>
    </html>
  );
}
