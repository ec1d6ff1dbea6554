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
          <a href={view.url.pathname + view.url.search}>
            {isAct(c) ? "Back to the form" : "Load this page again"}
          </a>
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
  const view = await views.of(c).catch(() => null);
  return view && isAct(c) ? { ...view, url: pageOfForm(c, view.url) } : view;
}

function isAct(c: Context): boolean {
  return c.req.method !== "GET" && c.req.method !== "HEAD";
}

/** Where a refused act was asked for: its own path answers to nothing but its form. */
function pageOfForm(c: Context, url: URL): URL {
  const from = URL.parse(c.req.header("referer") ?? "");
  const isOurs = from?.host === url.host && !from.pathname.startsWith("//");
  return new URL(isOurs ? from.pathname + from.search : "/", url);
}
