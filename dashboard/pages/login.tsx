// Where a token is asked for: one form, one cookie, and the way out.

import type { Hono } from "hono";
import type { Authority } from "../auth.ts";
import { readForm } from "../bodies.ts";
import { renderBare } from "../components/bare.tsx";

export function mountLogin(app: Hono, authority: Authority): void {
  app.get("/login", (c) => c.html(form(pathOf(c.req.query("next")))));
  app.post("/login", async (c) => {
    const body = await readForm(c);
    authority.logIn(c, String(body.token ?? ""), String(body.name ?? ""));
    return c.redirect(pathOf(String(body.next ?? "")), 303);
  });
  app.post("/logout", (c) => {
    authority.logOut(c);
    return c.redirect("/login", 303);
  });
}

/**
 * A path of this dashboard; anything else, another host above all, is the overview. What a browser reads
 * as nothing ("/<tab>/host"), and what no header may carry, is in no path that one has sent.
 */
function pathOf(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[\x21-\x7e]*$/.test(next) ? next : "/";
}

function form(next: string): string {
  return renderBare({
    title: "Log in",
    finding: "This dashboard asks for its token",
    lead: (
      <>
        It is what <code>ANOMALY_TOKEN</code>{" "}
        was set to where it runs. Your name is written beside what you do.
      </>
    ),
    body: (
      <section class="panel c5 sg" aria-labelledby="login-h">
        <div class="ph">
          <h2 id="login-h">Log in</h2>
        </div>
        <form method="post" action="/login">
          <label class="field">
            Token
            <input name="token" type="password" required autocomplete="current-password" />
          </label>
          <label class="field">
            Your name
            <input name="name" maxlength={60} autocomplete="name" />
          </label>
          <input type="hidden" name="next" value={next} />
          <button class="btn" type="submit">Log in</button>
        </form>
      </section>
    ),
  });
}
