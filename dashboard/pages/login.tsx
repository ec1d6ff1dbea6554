// Where a token is asked for: one form, one cookie, and the way out.

import type { Hono } from "hono";
import type { Authority } from "../auth.ts";
import { STATIC } from "../static_files.ts";

export function mountLogin(app: Hono, authority: Authority): void {
  app.get("/login", (c) => c.html(form(pathOf(c.req.query("next")))));
  app.post("/login", async (c) => {
    const body = await c.req.parseBody();
    authority.logIn(c, String(body.token ?? ""), String(body.name ?? ""));
    return c.redirect(pathOf(String(body.next ?? "")), 303);
  });
  app.post("/logout", (c) => {
    authority.logOut(c);
    return c.redirect("/login", 303);
  });
}

/** A path of this dashboard; anything else, another host above all, is the overview. */
function pathOf(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) ? next : "/";
}

function form(next: string): string {
  return "<!DOCTYPE html>\n" + (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Log in · anomaly</title>
        <link rel="icon" href={STATIC.icon.path} type="image/svg+xml" />
        <link rel="stylesheet" href={STATIC.css.path} />
      </head>
      <body>
        <main id="main">
          <div class="head c12">
            <div>
              <h1>This dashboard asks for its token</h1>
              <p>
                It is what <code>ANOMALY_TOKEN</code>{" "}
                was set to where it runs. Your name is written beside what you do.
              </p>
            </div>
          </div>
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
        </main>
      </body>
    </html>
  );
}
