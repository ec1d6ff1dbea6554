// A receiver of webhooks on this machine: keeps what came, and answers as it is told. What is raw is written to
// the connection as it is, for answers that no server would give.

export interface Received {
  headers: Headers;
  body: string;
  path: string;
}

export interface Receiver extends AsyncDisposable {
  origin: string;
  port: number;
  received: Received[];
}

/** Answers every request with what `answer` gives; 204 by default. */
export function receiver(
  answer: (received: Received, count: number) => Response | Promise<Response> = () =>
    new Response(null, { status: 204 }),
): Receiver {
  const received: Received[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const one = {
        headers: request.headers,
        body: await request.text(),
        path: pathname + search,
      };
      received.push(one);
      return await answer(one, received.length);
    },
  );
  const { port } = server.addr;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    received,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Reads a request's head, then does with the connection what it likes. */
export function rawReceiver(
  act: (connection: Deno.TcpConn) => Promise<void>,
): { origin: string } & AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const serving = (async () => {
    for await (const connection of listener) {
      open.add(connection);
      await connection.read(new Uint8Array(64 * 1024));
      // The other side may have gone, which is what is tried.
      await act(connection).catch(() => {});
    }
  })();
  return {
    origin: `http://127.0.0.1:${listener.addr.port}`,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // Closed already.
        }
      }
      await serving;
    },
  };
}
