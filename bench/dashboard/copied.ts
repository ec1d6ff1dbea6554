// A copy of a store to write to, so that the one that is measured stays as it was made.

export interface CopiedStore extends AsyncDisposable {
  path: string;
}

/** Of a store that nobody writes to meanwhile. */
export async function copyStore(path: string): Promise<CopiedStore> {
  const folder = await Deno.makeTempDir({ prefix: "anomaly_bench_" });
  const copy = `${folder}/store.kv`;
  for (const suffix of ["", "-wal"]) {
    await Deno.copyFile(path + suffix, copy + suffix).catch((error) => {
      if (!(suffix !== "" && error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  return { path: copy, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}
