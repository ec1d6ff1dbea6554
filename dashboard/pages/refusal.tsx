// What cannot be shown or done, as a page: the message as it is everywhere, inside the frame where there
// is one to be had.

import type { Context } from "hono";
import { type AppError, ERROR_CODES } from "../../src/domain/errors.ts";
import { plainText } from "../../src/cards/format.ts";
import { Panel } from "../components/panel.tsx";
import { renderFrame } from "../components/frame.tsx";
import { STATIC } from "../static_files.ts";
import { readFrame, type View, type Views } from "../view.ts";

export async function renderRefusal(c: Context, views: Views, error: AppError): Promise<string> {
  const [what, ...rest] = plainText(error.message).split(/(?<=[.:;]) /);
  const status = ERROR_CODES[error.code].httpStatus;
  const view = await viewOf(c, views);
  if (view === null) return bare(what!, rest.join(" "));
  return renderFrame(view, await readFrame(view, views), {
    title: `${status}`,
    section: null,
    finding: what!.replace(/[:;.]$/, ""),
    lead: rest.join(" "),
    body: (
      <Panel id="refusal" title="What now" span="c12">
        <p>
          <a href={view.href("/")}>Overview</a>
          {" · "}
          <a href={view.url.pathname + view.url.search}>Load this page again</a>
        </p>
      </Panel>
    ),
  });
}

/** Null where not even the frame can be read: no visitor, or a branch that is wrong itself. */
async function viewOf(c: Context, views: Views): Promise<View | null> {
  if (c.get("visitor") === undefined) return null;
  return await views.of(c).catch(() => null);
}

function bare(what: string, rest: string): string {
  return "<!DOCTYPE html>\n" + (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Refused · anomaly</title>
        <link rel="icon" href={STATIC.icon.path} type="image/svg+xml" />
        <link rel="stylesheet" href={STATIC.css.path} />
      </head>
      <body>
        <main id="main">
          <div class="head c12">
            <div>
              <h1>{what}</h1>
              <p>{rest}</p>
              <p>
                <a href="/">Overview</a>
              </p>
            </div>
          </div>
        </main>
      </body>
    </html>
  );
}
