// Asks whether the runtime has what the program is written for. Deno Deploy chooses its own Deno, which
// may be an older one: imported before anything else, this says so in one line instead of failing later
// in the middle of a run.

/** What came late to JavaScript and Deno and is used here; a test looks for those that are not listed. */
const NEEDED: Readonly<Record<string, () => boolean>> = {
  "Uint8Array.prototype.toHex": () => "toHex" in Uint8Array.prototype,
  "Uint8Array.prototype.toBase64": () => "toBase64" in Uint8Array.prototype,
  "Uint8Array.fromHex": () => "fromHex" in Uint8Array,
  "Uint8Array.fromBase64": () => "fromBase64" in Uint8Array,
  "Promise.try": () => "try" in Promise,
  "Promise.withResolvers": () => "withResolvers" in Promise,
  "Map.groupBy": () => "groupBy" in Map,
  "Iterator.prototype.some": () => "some" in new Map().values(),
  "Array.prototype.toSorted": () => "toSorted" in Array.prototype,
  "Array.prototype.toReversed": () => "toReversed" in Array.prototype,
  "String.prototype.isWellFormed": () => "isWellFormed" in String.prototype,
  "Deno.openKv": () => "openKv" in Deno,
  "Deno.cron": () => "cron" in Deno,
};

/** Names of what is missing; `needed` is replaced by tests alone. */
export function missingApis(needed = NEEDED): string[] {
  return Object.entries(needed).filter(([, isThere]) => !isThere()).map(([name]) => name);
}

/** Throws where the runtime lacks anything. */
export function requireApis(needed = NEEDED): void {
  const missing = missingApis(needed);
  if (missing.length === 0) return;
  throw new Error(
    `Cannot run on Deno ${Deno.version.deno} (V8 ${Deno.version.v8}): found no ${
      missing.join(", no ")
    }, expected Deno 2.5 or newer with "unstable": ["kv", "cron"] of deno.json. Next: run it with a newer Deno`,
  );
}

requireApis();
