// Answers `/coins/markets` on a loopback port as CoinGecko would, for the quick start without the real
// one: from a recorded response where a folder of them lies beside the repository, else from a made one.

import { Mt19937 } from "../../src/random.ts";

/** One coin as the service describes it; only the fields that the program asks for matter. */
type Coin = Record<string, unknown>;

const RECORDED = new URL("../../../shared/data/coingecko/daily/", import.meta.url);

export interface MarketServer extends AsyncDisposable {
  /** What COINGECKO_BASE_URL is to be. */
  baseUrl: string;
  /** Where the coins came from, for a person. */
  origin: string;
  /** Path and query of every request so far. */
  requests: URL[];
}

/** Starts the server; it stops when disposed of. */
export async function serveMarket(): Promise<MarketServer> {
  const { coins, origin } = await recordedCoins() ?? { coins: madeCoins(), origin: "made" };
  const requests: URL[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const url = new URL(request.url);
    requests.push(url);
    if (!url.pathname.endsWith("/coins/markets")) {
      return Response.json({ error: "Incorrect path" }, { status: 404 });
    }
    const perPage = Math.min(Number(url.searchParams.get("per_page") ?? 100), 250);
    const start = (Number(url.searchParams.get("page") ?? 1) - 1) * perPage;
    return Response.json(coins.slice(start, start + perPage));
  });
  return {
    baseUrl: `http://127.0.0.1:${server.addr.port}/api/v3`,
    origin,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The newest recorded response, or null where there is no such folder. */
async function recordedCoins(): Promise<{ coins: Coin[]; origin: string } | null> {
  let names: string[];
  try {
    names = (await Array.fromAsync(Deno.readDir(RECORDED))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const name = names.filter((name) => name.endsWith(".json.gz")).sort().at(-1);
  if (name === undefined) return null;
  const file = await Deno.open(new URL(name, RECORDED));
  const text = file.readable.pipeThrough(new DecompressionStream("gzip"));
  return { coins: await new Response(text).json(), origin: `recorded ${name}` };
}

/** A quiet market of 120 coins, and a dozen that do not fit in. */
function madeCoins(): Coin[] {
  const random = new Mt19937(7);
  const now = new Date().toISOString();
  return Array.from({ length: 120 }, (_, index) => {
    const wildness = index % 10 === 9 ? 8 : 1;
    const price = 1000 / (index + 1);
    const marketCap = 1e11 / (index + 1);
    const change = () => random.normal() * wildness;
    return {
      id: `coin-${index + 1}`,
      symbol: `c${index + 1}`,
      name: `Coin ${index + 1}`,
      current_price: price,
      market_cap: marketCap,
      market_cap_rank: index + 1,
      total_volume: marketCap * 0.05 * Math.exp(change() / 4),
      high_24h: price * 1.1,
      low_24h: price * 0.9,
      ath_change_percentage: -60 + 5 * change(),
      last_updated: now,
      sparkline_in_7d: {
        price: Array.from({ length: 168 }, () => price * Math.exp(change() / 100)),
      },
      price_change_percentage_24h: change(),
      price_change_percentage_1h_in_currency: change() / 5,
      price_change_percentage_24h_in_currency: change(),
      price_change_percentage_7d_in_currency: change() * 2,
      price_change_percentage_30d_in_currency: change() * 4,
    };
  });
}
