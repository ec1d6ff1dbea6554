// Who may see and who may act. What holds for every route is tried on every route that the server has.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { memoryRegistry } from "../support/registry.ts";
import { dashboardOn, ORIGIN, type TestDashboard } from "./dashboard.ts";

const TOKEN = "a-token-of-more-than-32-characters-0123456789";

async function withDashboard(
  kind: "open" | "token",
  work: (dashboard: TestDashboard, revision: () => Promise<string>) => Promise<void>,
): Promise<void> {
  using registry = await memoryRegistry();
  const access = kind === "open" ? { kind } as const : { kind, token: TOKEN } as const;
  const dashboard = await dashboardOn(registry, { access });
  await work(dashboard, () => registry.store.revision(registry.scopes.write));
}

/** Routes that change something, with made-up values for their parameters. */
function mutating({ routes }: TestDashboard): { method: string; path: string }[] {
  const seen = routes.filter(({ method, path }) =>
    !["GET", "HEAD", "OPTIONS", "ALL"].includes(method) && path !== "/login"
  ).map(({ method, path }) => ({ method, path: path.replaceAll(/[:{]\w+(\{[^/]*\})?\}?/g, "1") }));
  return [...new Map(seen.map((route) => [`${route.method} ${route.path}`, route])).values()];
}

function send(
  dashboard: TestDashboard,
  { method, path }: { method: string; path: string },
  headers: Record<string, string>,
  isForm = !path.startsWith("/api/"),
): Promise<Response> {
  const type = isForm ? "application/x-www-form-urlencoded" : "application/json";
  return dashboard.fetch(
    new Request(ORIGIN + path, {
      method,
      headers: { "content-type": type, ...headers },
      body: isForm ? "reason=because" : '{"reason":"because"}',
    }),
  );
}

Deno.test("every route that changes something refuses a foreign origin, and writes nothing", async () => {
  for (const kind of ["open", "token"] as const) {
    await withDashboard(kind, async (dashboard, revision) => {
      const routes = mutating(dashboard);
      assert(routes.length >= 1, `${routes.length} routes found`);
      for (const route of routes) {
        const before = await revision();
        for (
          const foreign of [
            { origin: "https://example.org" },
            { origin: "null" },
            { origin: "http://127.0.0.1:9999" },
            { "sec-fetch-site": "cross-site" },
            { "sec-fetch-site": "same-site" },
          ]
        ) {
          const headers = { authorization: `Bearer ${TOKEN}`, ...foreign };
          const answer = await send(dashboard, route, headers);
          assertEquals(
            answer.status,
            403,
            `${route.method} ${route.path} ${JSON.stringify(foreign)}`,
          );
          assertEquals((await answer.json()).error.code, "forbidden");
        }
        assertEquals(await revision(), before);
      }
    });
  }
});

Deno.test("where a token is asked for, every route that changes something refuses none and a wrong one", async () => {
  await withDashboard("token", async (dashboard, revision) => {
    for (const route of mutating(dashboard)) {
      const before = await revision();
      for (
        const authorization of [undefined, "Bearer wrong", `Bearer ${TOKEN}x`, `Basic ${TOKEN}`]
      ) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await send(dashboard, route, { origin: ORIGIN, ...headers });
        assertEquals(answer.status, 401, `${route.method} ${route.path} ${authorization}`);
        assertEquals((await answer.json()).error.code, "unauthorized");
      }
      assertEquals(await revision(), before);
    }
  });
});

Deno.test("every form without its token, or with another one's, is refused, and nothing is written", async () => {
  for (const kind of ["open", "token"] as const) {
    await withDashboard(kind, async (dashboard, revision) => {
      const cookie = kind === "token" ? await sessionCookie(dashboard) : "";
      const forms = mutating(dashboard).filter(({ path }) => !path.startsWith("/api/"));
      for (const { path } of forms) {
        const before = await revision();
        for (const token of ["", "&_csrf=", "&_csrf=wrong", `&_csrf=${TOKEN}`]) {
          const answer = await dashboard.fetch(
            new Request(ORIGIN + path, {
              method: "POST",
              headers: {
                "content-type": "application/x-www-form-urlencoded",
                origin: ORIGIN,
                ...(cookie === "" ? {} : { cookie }),
              },
              body: `reason=because${token}`,
            }),
          );
          assertEquals(answer.status, 403, `${path} ${token}`);
          assertStringIncludes((await answer.json()).error.message, "form token");
        }
        assertEquals(await revision(), before);
      }
    });
  }
});

Deno.test("on loopback a program may act by JSON without a token, and a page's content type may not", async () => {
  await withDashboard("open", async (dashboard) => {
    for (const route of mutating(dashboard).filter(({ path }) => path.startsWith("/api/"))) {
      const asProgram = await send(dashboard, route, {});
      assert(![401, 403].includes(asProgram.status), `${route.path}: ${asProgram.status}`);
      // What a page elsewhere may send without asking first.
      for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
        const answer = await send(dashboard, route, { "content-type": type });
        assertEquals(answer.status, 403, `${route.path} ${type}`);
      }
    }
  });
});

Deno.test("where a token is asked for, nothing but the way in is shown without it", async () => {
  await withDashboard("token", async (dashboard) => {
    const page = await dashboard.page("/models?branch=main");
    assertEquals(page.status, 303);
    assertEquals(page.headers.get("location"), "/login?next=%2Fmodels%3Fbranch%3Dmain");
    for (const path of ["/overview.json", "/live", "/events.json", "/api/v1/status"]) {
      const answer = await dashboard.fetch(new Request(ORIGIN + path));
      assertEquals(answer.status, 401, path);
      await answer.body?.cancel();
    }
    for (const path of ["/health", "/login"]) {
      assertEquals((await dashboard.page(path)).status, 200, path);
    }
  });
});

Deno.test("a refusal shows whoever has no token nothing of the store", async () => {
  await withDashboard("token", async (dashboard) => {
    const wrong = dashboard.fetch(
      new Request(`${ORIGIN}/login`, {
        method: "POST",
        headers: { accept: "text/html", "content-type": "application/x-www-form-urlencoded" },
        body: "token=wrong",
      }),
    );
    const answers = [
      [await wrong, 401],
      [await dashboard.page("/static/nothing.css"), 404],
    ] as const;
    for (const [answer, status] of answers) {
      assertEquals(answer.status, status);
      const html = await answer.text();
      assertStringIncludes(html, "<h1>Cannot ");
      assert(!html.includes("<select") && !html.includes("data-branch"), html);
    }
  });
});

Deno.test("a probe without the token is not told where the store is", async () => {
  const registry = await memoryRegistry();
  const dashboard = await dashboardOn(registry, { access: { kind: "token", token: TOKEN } });
  registry.store[Symbol.dispose]();
  const ready = async (headers: Record<string, string>) => {
    const answer = await dashboard.fetch(new Request(`${ORIGIN}/ready`, { headers }));
    assertEquals(answer.status, 503);
    return (await answer.json()).error.message;
  };
  assert(!(await ready({})).includes(registry.store.location));
  assertStringIncludes(
    await ready({ authorization: `Bearer ${TOKEN}` }),
    registry.store.location,
  );
});

Deno.test("the token starts a session in a name, which forms then act in; a wrong one does not", async () => {
  await withDashboard("token", async (dashboard) => {
    const wrong = await logIn(dashboard, { token: "wrong", name: "eve" });
    assertEquals([wrong.status, wrong.headers.get("set-cookie")], [401, null]);
    const right = await logIn(dashboard, { token: TOKEN, name: "ada", next: "/models" });
    assertEquals([right.status, right.headers.get("location")], [303, "/models"]);
    const setCookie = right.headers.get("set-cookie")!;
    for (const part of ["HttpOnly", "SameSite=Strict", "Path=/"]) {
      assertStringIncludes(setCookie, part);
    }
    const cookie = setCookie.split(";")[0]!;
    assertEquals((await dashboard.page("/events", { cookie })).status, 200);
    const forged = cookie.replace(/\.[^.]+$/, ".forged");
    assertEquals((await dashboard.page("/events", { cookie: forged })).status, 303);
  });
});

Deno.test("before a proxy that ends TLS forms are taken, and the session is for TLS alone", async () => {
  await withDashboard("token", async (dashboard) => {
    const origin = ORIGIN.replace("http:", "https:");
    const answer = await dashboard.fetch(
      new Request(`${ORIGIN}/login`, {
        method: "POST",
        headers: { origin },
        body: new URLSearchParams({ token: TOKEN }),
      }),
    );
    assertEquals(answer.status, 303);
    assertStringIncludes(answer.headers.get("set-cookie")!, "Secure");
    const plain = await logIn(dashboard, { token: TOKEN });
    assert(!plain.headers.get("set-cookie")!.includes("Secure"));
  });
});

Deno.test("login leads to a path of this dashboard, and never to another host", async () => {
  await withDashboard("token", async (dashboard) => {
    for (
      const next of [
        "https://example.org/",
        "//example.org",
        "/\\example.org",
        "javascript:1",
        "",
        // A browser reads these as //example.org.
        "/\t/example.org",
        "/\n/example.org",
        // No header may carry these.
        "/\x01",
        "/models\x7f",
      ]
    ) {
      const answer = await logIn(dashboard, { token: TOKEN, next });
      assertEquals(answer.headers.get("location"), "/", next);
    }
  });
});

Deno.test("a path that begins with two slashes is nowhere sent back as another host", async () => {
  await withDashboard("open", async (dashboard) => {
    const themed = await dashboard.page("//example.org/x?theme=dark");
    assertEquals([themed.status, themed.headers.get("location")], [303, "/example.org/x"]);
    const missing = await dashboard.page("///example.org");
    assertEquals(missing.status, 404);
    const html = await missing.text();
    assert(!/(href|action)="\/\//.test(html), html);
  });
});

Deno.test("a request whose Host is none is refused like any other that is wrong", async () => {
  await withDashboard("open", async ({ fetch }) => {
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, fetch);
    for (const host of [":8001", "127.0.0.1:99999"]) {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
      const request = `GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      await connection.write(new TextEncoder().encode(request));
      const answer = await new Response(connection.readable).text();
      assertStringIncludes(answer, "HTTP/1.1 400 ", host);
    }
  });
});

Deno.test("a form of more than 5 MB is refused before anybody is asked who they are", async () => {
  await withDashboard("token", async (dashboard) => {
    const form = `token=wrong&name=${"x".repeat(5_000_000)}`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    // Where the length is not said, it is counted.
    for (const body of [form, new Blob([form]).stream()]) {
      const answer = await dashboard.fetch(
        new Request(`${ORIGIN}/login`, { method: "POST", headers, body }),
      );
      assertEquals(answer.status, 400);
      assertStringIncludes((await answer.json()).error.message, "more than 5 MB");
    }
  });
});

Deno.test("a form that cannot be read is the sender's mistake", async () => {
  for (const [kind, path] of [["token", "/login"], ["open", "/models/1/promote"]] as const) {
    await withDashboard(kind, async (dashboard) => {
      const headers = { "content-type": "multipart/form-data" };
      const answer = await dashboard.fetch(
        new Request(ORIGIN + path, { method: "POST", headers, body: "token=x" }),
      );
      assertEquals([answer.status, (await answer.json()).error.code], [400, "invalid"], path);
    });
  }
});

Deno.test("on loopback only this machine's own names are answered", async () => {
  await withDashboard("open", async (dashboard) => {
    const ask = (host: string) =>
      dashboard.fetch(new Request(`http://${host}/events.json`)).then(({ status }) => status);
    assertEquals(await ask("127.0.0.1:8001"), 200);
    assertEquals(await ask("localhost:8001"), 200);
    assertEquals(await ask("[::1]:8001"), 200);
    // A name of somebody else's that was made to point here.
    assertEquals(await ask("rebound.example.org:8001"), 403);
    assertEquals(await ask("127.0.0.1.example.org"), 403);
  });
});

Deno.test("every answer forbids other hosts, frames of others, and scripts in the page", async () => {
  await withDashboard("open", async (dashboard) => {
    for (const path of ["/", "/events", "/nowhere", "/health"]) {
      const { headers } = await dashboard.page(path);
      const policy = headers.get("content-security-policy") ?? "";
      for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
        assertStringIncludes(policy, rule, path);
      }
      assert(!policy.includes("unsafe"), policy);
      assertEquals(headers.get("x-content-type-options"), "nosniff");
    }
  });
});

function logIn(dashboard: TestDashboard, fields: Record<string, string>): Promise<Response> {
  const headers = { origin: ORIGIN };
  const request = new Request(`${ORIGIN}/login`, {
    method: "POST",
    headers,
    body: new URLSearchParams(fields),
  });
  return dashboard.fetch(request);
}

async function sessionCookie(dashboard: TestDashboard): Promise<string> {
  const answer = await logIn(dashboard, { token: TOKEN, name: "ada" });
  return answer.headers.get("set-cookie")!.split(";")[0]!;
}
