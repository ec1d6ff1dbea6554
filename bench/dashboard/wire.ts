// The least of an HTTP client, over one kept connection: it takes little of the machine from the server
// that is measured, and knows how many bytes went over the wire.

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export interface WireAnswer {
  status: number;
  /** With the head, as they came. */
  bytes: number;
  body: Uint8Array<ArrayBuffer>;
  headers: string;
}

export class WireClient implements Disposable {
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  private constructor(private readonly connection: Deno.TcpConn, private readonly host: string) {}

  static async connect(port: number): Promise<WireClient> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    return new WireClient(connection, `127.0.0.1:${port}`);
  }

  [Symbol.dispose](): void {
    this.connection.close();
  }

  /** Asks as a browser would. */
  async get(path: string, headers: Record<string, string> = {}): Promise<WireAnswer> {
    const lines = Object.entries({
      host: this.host,
      accept: "text/html",
      "accept-encoding": "gzip",
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    const request = encoder.encode(`GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
    for (let sent = 0; sent < request.length;) {
      sent += await this.connection.write(request.subarray(sent));
    }
    return await this.#answer();
  }

  async #answer(): Promise<WireAnswer> {
    let end: number;
    while ((end = indexOf(this.#rest, "\r\n\r\n")) < 0) await this.#read();
    const headers = decoder.decode(this.#take(end + 4));
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(headers)?.[1]);
    const length = /^content-length: (\d+)/im.exec(headers)?.[1];
    const isChunked = /^transfer-encoding: chunked/im.test(headers);
    const { body, bytes } = isChunked
      ? await this.#chunks()
      : { body: await this.#exactly(Number(length ?? 0)), bytes: Number(length ?? 0) };
    return { status, headers, body, bytes: end + 4 + bytes };
  }

  async #chunks(): Promise<{ body: Uint8Array<ArrayBuffer>; bytes: number }> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    for (;;) {
      let end: number;
      while ((end = indexOf(this.#rest, "\r\n")) < 0) await this.#read();
      const size = parseInt(decoder.decode(this.#take(end + 2)), 16);
      const chunk = await this.#exactly(size + 2);
      bytes += end + 2 + chunk.length;
      if (size === 0) break;
      parts.push(chunk.subarray(0, size));
    }
    return { body: joined(parts), bytes };
  }

  async #exactly(size: number): Promise<Uint8Array<ArrayBuffer>> {
    while (this.#rest.length < size) await this.#read();
    return this.#take(size);
  }

  #take(size: number): Uint8Array<ArrayBuffer> {
    const taken = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return taken;
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    const count = await this.connection.read(buffer);
    if (count === null) throw new Error("the server closed the connection within an answer");
    this.#rest = joined([this.#rest, buffer.subarray(0, count)]);
  }
}

function indexOf(bytes: Uint8Array, text: string): number {
  const wanted = encoder.encode(text);
  for (let i = 0; i <= bytes.length - wanted.length; i++) {
    if (wanted.every((byte, k) => bytes[i + k] === byte)) return i;
  }
  return -1;
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
