// What cannot be shown or done, as a page: the message as it is everywhere, inside the frame where there
// is one to be had.

import type { Context } from "hono";
import { type AppError, ERROR_CODES } from "../../src/domain/errors.ts";
import { plainText } from "../../src/cards/format.ts";
import { Panel } from "../components/panel.tsx";
import { renderBare } from "../components/bare.tsx";
import { renderFrame } from "../components/frame.tsx";
import { readFrame, type View, type Views } from "../view.ts";

export async function renderRefusal(c: Context, views: Views, error: AppError): Promise<string> {
  const [what, ...rest] = plainText(error.message).split(/(?<=[.:;]) /);
  const status = ERROR_CODES[error.code].httpStatus;
  const view = await viewOf(c, views);
  if (view === null) {
    return renderBare({
      title: "Refused",
      finding: what!,
      lead: rest.join(" "),
      body: (
        <p class="c12">
          <a href="/">Overview</a>
        </p>
      ),
    });
  }
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

/**
 * Null where not even the frame can be read: nobody who may see it (a wrong token at the log-in), or a
 * branch that is wrong itself.
 */
async function viewOf(c: Context, views: Views): Promise<View | null> {
  if (!c.get("visitor")?.maySee) return null;
  return await views.of(c).catch(() => null);
}
