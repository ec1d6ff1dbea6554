// Stands in for CoinGecko on a loopback port: the test scripts its answers, one a request, and sees
// what was asked. The last answer is repeated.

/** `closed` is settled when the server stops, so that an answer may wait for ever and yet end. */
export type Answer = (request: Request, closed: Promise<void>) => Response | Promise<Response>;

export interface CoinGeckoServer extends AsyncDisposable {
  /** What COINGECKO_BASE_URL is to be. */
  baseUrl: string;
  requests: { url: URL; headers: Headers }[];
}

/** Starts the server; it stops when disposed of, and cuts what is still being answered. */
export function serveCoinGecko(...answers: Answer[]): CoinGeckoServer {
  const requests: CoinGeckoServer["requests"] = [];
  const stop = new AbortController();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const options = {
    hostname: "127.0.0.1",
    port: 0,
    signal: stop.signal,
    onListen: () => {},
    onError: (error: unknown) => new Response(String(error), { status: 599 }),
  };
  const server = Deno.serve(options, async (request) => {
    requests.push({ url: new URL(request.url), headers: request.headers });
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    return await answer!(request, closed);
  });
  return {
    baseUrl: `http://127.0.0.1:${server.addr.port}/api/v3`,
    requests,
    [Symbol.asyncDispose]: async () => {
      close();
      stop.abort();
      await server.finished;
    },
  };
}

/** A body with status 200. */
export function ok(body: string): Answer {
  return () => new Response(body, { headers: { "content-type": "application/json" } });
}

export function status(code: number, body: string, headers: HeadersInit = {}): Answer {
  return () => new Response(body, { status: code, headers });
}

/** One page of as many coins as were asked for, numbered on from the pages before; at most `total`. */
export function coinPages(total = Infinity): Answer {
  return (request) => {
    const query = new URL(request.url).searchParams;
    const perPage = Number(query.get("per_page"));
    const first = (Number(query.get("page")) - 1) * perPage;
    const count = Math.max(0, Math.min(perPage, total - first));
    return Response.json(Array.from({ length: count }, (_, i) => coin(first + i + 1)));
  };
}

/** The fields of a coin that matter most, as the service writes them. */
export function coin(rank: number): Record<string, unknown> {
  return {
    id: `coin-${rank}`,
    symbol: `c${rank}`,
    name: `Coin ${rank}`,
    current_price: 1000 / rank,
    market_cap: Math.round(1e12 / rank),
    market_cap_rank: rank,
    total_volume: Math.round(1e10 / rank),
    high_24h: 1001 / rank,
    low_24h: 999 / rank,
    price_change_percentage_24h: 0.05,
    ath_change_percentage: -40,
    price_change_percentage_1h_in_currency: 0.01,
    price_change_percentage_24h_in_currency: 0.05,
    price_change_percentage_7d_in_currency: 0.1,
    price_change_percentage_30d_in_currency: -2,
  };
}
