// The store that landed first, as a file of the test's own: made by tests/fixtures/make_store_v1.sh.

const FIXTURE = new URL("../fixtures/store_v1.kv.gz", import.meta.url);

/** Unpacks the store of schema 1 to a path. */
export async function writeOldStore(path: string): Promise<void> {
  const file = await Deno.open(FIXTURE, { read: true });
  const bytes = file.readable.pipeThrough(new DecompressionStream("gzip"));
  await Deno.writeFile(path, bytes);
}
