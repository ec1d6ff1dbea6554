// One request to receivers that are slow, broken, endless or somewhere else than they say.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { AppError } from "../../src/domain/errors.ts";
import { type Post, post, type Resolve } from "../../src/notify/webhook.ts";
import { rawReceiver, receiver } from "../support/receiver.ts";

function request(url: string, given: Partial<Post> = {}): Post {
  return {
    url: new URL(url),
    headers: { "content-type": "application/json", "webhook-id": "msg_1" },
    body: '{"text":"…"}',
    timeoutMs: 20_000,
    allowPrivate: true,
    signal: new AbortController().signal,
    ...given,
  };
}

const encoder = new TextEncoder();

Deno.test("post() sends headers and body as they are, and gives status and text", async () => {
  await using there = receiver(() => new Response("thanks", { status: 201 }));
  const answer = await post(request(`${there.origin}/hooks/a?b=c`));
  assertEquals(answer, { status: 201, text: "thanks", retryAfter: null });
  const [one] = there.received;
  assertEquals([one!.body, one!.path], ['{"text":"…"}', "/hooks/a?b=c"]);
  assertEquals(one!.headers.get("webhook-id"), "msg_1");
  assertEquals(one!.headers.get("content-type"), "application/json");
  assertEquals(one!.headers.get("host"), `127.0.0.1:${there.port}`);
});

Deno.test("post() does not follow a redirect", async () => {
  await using elsewhere = receiver();
  await using there = receiver(() => Response.redirect(`${elsewhere.origin}/`, 307));
  assertEquals((await post(request(there.origin))).status, 307);
  assertEquals(elsewhere.received, []);
});

Deno.test("post() gives a wish to be asked later as it came", async () => {
  await using there = receiver(() =>
    new Response("", { status: 429, headers: { "retry-after": "7" } })
  );
  assertEquals((await post(request(there.origin))).retryAfter, "7");
});

Deno.test("post() gives up a receiver that says nothing, in the time that it has", async () => {
  await using there = rawReceiver(() => Promise.resolve());
  const error = await assertRejects(
    () => post(request(`${there.origin}/secret-path`, { timeoutMs: 50 })),
    AppError,
  );
  assertEquals(error.code, "unavailable");
  assertMatch(error.message, /^Cannot reach http:\/\/127\.0\.0\.1:\d+: no answer within 0.05 s$/);
});

Deno.test("post() gives up a name server that says nothing, in the time that it has", async () => {
  const silent: Resolve = () => new Promise(() => {});
  await assertRejects(
    () => post(request("http://receiver.test/", { timeoutMs: 50 }), silent),
    AppError,
    "no answer within",
  );
});

Deno.test("post() takes the status of a receiver whose body never ends", async () => {
  await using there = rawReceiver(async (connection) => {
    await connection.write(encoder.encode("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf"));
  });
  assertEquals(await post(request(there.origin, { timeoutMs: 200 })), {
    status: 200,
    text: "half",
    retryAfter: null,
  });
});

Deno.test("post() keeps 1 KB of a body without end, and hangs up", async () => {
  const hungUp = Promise.withResolvers<number>();
  await using there = rawReceiver(async (connection) => {
    await connection.write(encoder.encode("HTTP/1.1 200 OK\r\n\r\n"));
    const garbage = encoder.encode("x".repeat(64 * 1024));
    let sent = 0;
    try {
      while (sent < 1e9) sent += await connection.write(garbage);
    } finally {
      hungUp.resolve(sent);
    }
  });
  const answer = await post(request(there.origin));
  assertEquals([answer.status, answer.text], [200, "x".repeat(1024)]);
  assert(await hungUp.promise < 100e6, `${await hungUp.promise} bytes were taken`);
});

const BROKEN: Record<string, string> = {
  "closes at once": "",
  "answers with no HTTP": "\x00\xff\x00 garbage\n\n",
  "breaks off in the head": "HTTP/1.1 200 OK\r\ncontent-le",
};
for (const [what, bytes] of Object.entries(BROKEN)) {
  Deno.test(`post() says that a receiver was not there which ${what}`, async () => {
    await using there = rawReceiver(async (connection) => {
      await connection.write(encoder.encode(bytes));
      connection.close();
    });
    const error = await assertRejects(() => post(request(there.origin)), AppError);
    assertEquals(error.code, "unavailable");
    assertMatch(error.message, /^Cannot reach http:\/\/127\.0\.0\.1:\d+: ./);
  });
}

Deno.test("post() says that a receiver was not there where nobody listens, and where the name is none", async () => {
  const port = (() => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return listener.addr.port;
  })();
  const unknown: Resolve = () => Promise.reject(new Error("getaddrinfo ENOTFOUND"));
  for (const url of [`http://127.0.0.1:${port}/`, "http://receiver.test/"]) {
    const error = await assertRejects(() => post(request(url), unknown), AppError);
    assertEquals(error.code, "unavailable", error.message);
  }
});

Deno.test("post() is cut with the reason that it is given", async () => {
  await using there = rawReceiver(() => Promise.resolve());
  const cut = new AbortController();
  const posted = post(request(there.origin, { signal: cut.signal }));
  const reason = new AppError("interrupted", "stopped");
  cut.abort(reason);
  assertEquals(await assertRejects(() => posted), reason);
  assertEquals(
    await assertRejects(() => post(request(there.origin, { signal: cut.signal }))),
    reason,
  );
});

for (
  const url of [
    "http://127.0.0.1:<port>/",
    "http://2130706433:<port>/",
    "http://0.0.0.0:<port>/",
    "http://[::ffff:127.0.0.1]:<port>/",
    "http://[::1]:<port>/",
    "http://169.254.169.254/latest/meta-data/",
    "https://10.0.0.7/",
  ]
) {
  Deno.test(`post() refuses ${url} unless private addresses are allowed`, async () => {
    await using there = receiver();
    const here = url.replace("<port>", String(there.port));
    const error = await assertRejects(
      () => post(request(here, { allowPrivate: false })),
      AppError,
      "expected one of the open internet",
    );
    assertEquals(error.code, "forbidden");
    assertEquals(there.received, []);
  });
}

Deno.test("post() refuses a name of which any address is private, and really asks for names", async () => {
  await using there = receiver();
  const tables: [host: string, resolve?: Resolve][] = [
    ["receiver.test", () => Promise.resolve(["127.0.0.1"])],
    ["receiver.test", () => Promise.resolve(["8.8.8.8", "127.0.0.1"])],
    ["receiver.test", () => Promise.resolve(["fe80::1%eth0"])],
    ["localhost"],
  ];
  for (const [host, resolve] of tables) {
    const url = `http://${host}:${there.port}/`;
    const error = await assertRejects(
      () => post(request(url, { allowPrivate: false }), resolve),
      AppError,
    );
    assertEquals(error.code, "forbidden", error.message);
  }
  assertEquals(there.received, []);
});

Deno.test("post() connects to the address that was checked, whatever the name says a moment later", async () => {
  await using there = receiver();
  const asked: string[] = [];
  const rebinding: Resolve = (host) => {
    asked.push(host);
    return Promise.resolve([asked.length === 1 ? "127.0.0.1" : "192.0.2.1"]);
  };
  // No name server knows it: only what was resolved here leads there.
  const url = `http://receiver.invalid:${there.port}/`;
  assertEquals((await post(request(url), rebinding)).status, 204);
  assertEquals(asked, ["receiver.invalid"]);
  assertEquals(there.received[0]!.headers.get("host"), `receiver.invalid:${there.port}`);
});

/** What the program is given where it is installed. */
const permissions = { read: true, write: true, net: true, env: true, sys: false, run: false };

Deno.test(
  "post() connects by TLS to the address that was checked, by the permissions that the program has",
  {
    permissions,
  },
  async () => {
    const hello = Promise.withResolvers<string>();
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      using connection = await listener.accept();
      const bytes = new Uint8Array(4096);
      const length = await connection.read(bytes) ?? 0;
      hello.resolve(new TextDecoder("latin1").decode(bytes.subarray(0, length)));
    })();
    const url = `https://receiver.invalid:${listener.addr.port}/`;
    const resolve: Resolve = () => Promise.resolve(["127.0.0.1"]);
    const error = await assertRejects(() => post(request(url), resolve), AppError);
    assertEquals(error.code, "unavailable");
    assert(
      (await hello.promise).includes("receiver.invalid"),
      "the certificate of that name is asked for",
    );
    await serving;
    listener.close();
  },
);
