// One request to a receiver that is not trusted: it may stall, answer without end, send us elsewhere, or have a
// name that leads into a private network. Connected to is the very address that was checked.

import type { IncomingMessage, RequestOptions } from "node:http";
import type { LookupFunction, Socket } from "node:net";
import { AppError } from "../domain/errors.ts";
import { isAddress, isPublicAddress } from "./address.ts";

/** Of the answer's body, kept. */
const MAX_ANSWER_BYTES = 1024;

export interface Post {
  url: URL;
  headers: Record<string, string>;
  body: string;
  /** For everything: name, connection, answer. */
  timeoutMs: number;
  allowPrivate: boolean;
  /** Aborted when it is to end now; its reason is thrown. */
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  /** The beginning of its body. */
  text: string;
  /** The header as it came. */
  retryAfter: string | null;
}

/** Addresses of a name. */
export type Resolve = (host: string) => Promise<string[]>;

/**
 * Posts and gives the answer, whatever its status. Throws `forbidden` where an address is private and may
 * not be, `unavailable` where no answer came.
 */
export async function post(request: Post, resolve: Resolve = resolveName): Promise<Answer> {
  const { url, timeoutMs, signal } = request;
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(
      new AppError("unavailable", `${began(url)}: no answer within ${timeoutMs / 1000} s`),
    );
  }, timeoutMs);
  const either = AbortSignal.any([signal, limit.signal]);
  try {
    const addresses = await orAborted(checkedAddresses(request, resolve), either);
    return await exchange(request, addresses, either);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("unavailable", `${began(url)}: ${found}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** Beginning of a complaint. Only the host: the rest of an address may be a secret. */
function began({ protocol, host }: URL): string {
  return `Cannot reach ${protocol}//${host}`;
}

/** All of them, or none: a name that has a private one beside others is as good as private. */
async function checkedAddresses(
  { url, allowPrivate }: Post,
  resolve: Resolve,
): Promise<string[]> {
  const host = hostOf(url);
  const addresses = isAddress(host) ? [host] : await resolve(host);
  const refused = allowPrivate ? undefined : addresses.find((one) => !isPublicAddress(one));
  if (refused === undefined) return addresses;
  throw new AppError(
    "forbidden",
    `Cannot send to ${url.host}: found the address ${refused}, expected one of the open internet. Next: ` +
      `set allow_private of the target in configs/notifications.json`,
  );
}

async function resolveName(host: string): Promise<string[]> {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

async function exchange(
  { url, headers, body }: Post,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Answer> {
  const { request } = await import("node:http");
  const bytes = new TextEncoder().encode(body);
  const connect = await connectorTo(url, addresses);
  const options: RequestOptions = {
    method: "POST",
    host: hostOf(url),
    port: portOf(url),
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host, "content-length": String(bytes.byteLength) },
    // Of its own, and so not kept: the next one is to be checked again.
    createConnection: connect,
  };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let answered: (() => void) | null = null;
  const sent = request(options, (response) => {
    const reading = readBeginning(response);
    answered = () => resolve({ ...headOf(response), text: reading.text() });
    void reading.ended.then(answered);
  });
  // A status that has come stands, whatever becomes of the rest.
  sent.on("error", (cause) => answered === null ? reject(cause) : answered());
  const stop = () => answered === null ? reject(signal.reason) : answered();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  sent.end(bytes);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", stop);
    sent.destroy();
  }
}

/**
 * Opens a connection to one of the addresses; the name is not asked for again, for it might answer
 * differently. TLS is set up here, because node:https wants to read the machine's certificates first, which
 * takes a permission that the program does not have.
 */
async function connectorTo(url: URL, addresses: readonly string[]): Promise<() => Socket> {
  const lookup: LookupFunction = (_name, _options, answered) =>
    answered(null, addresses.map(withFamily));
  const host = hostOf(url);
  const to = { host, port: portOf(url), lookup };
  if (url.protocol === "http:") {
    const net = await import("node:net");
    return () => net.connect(to);
  }
  const tls = await import("node:tls");
  return () => tls.connect({ ...to, ...(isAddress(host) ? {} : { servername: host }) });
}

/** Without the brackets of IPv6. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

function withFamily(address: string): { address: string; family: number } {
  return { address, family: address.includes(":") ? 6 : 4 };
}

function headOf({ statusCode = 0, headers }: IncomingMessage): Omit<Answer, "text"> {
  return { status: statusCode, retryAfter: headers["retry-after"] ?? null };
}

/** The beginning of a body; `ended` when there is enough of it, or no more comes. */
function readBeginning(response: IncomingMessage): { text(): string; ended: Promise<void> } {
  const kept: Uint8Array[] = [];
  let left = MAX_ANSWER_BYTES;
  const ended = new Promise<void>((resolve) => {
    response.on("data", (chunk: Uint8Array) => {
      if (left === 0) return;
      kept.push(chunk.slice(0, left));
      left -= Math.min(left, chunk.byteLength);
      if (left === 0) resolve();
    });
    for (const name of ["end", "error", "close"]) response.on(name, () => resolve());
  });
  const text = () => {
    const decoder = new TextDecoder();
    return kept.map((chunk) => decoder.decode(chunk, { stream: true })).join("");
  };
  return { text, ended };
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
