// Who may import whom. The edges are those that docs/architecture.md draws; they are read from the
// module graph as Deno resolves it, so that no spelling of an import gets around them.

import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

/** What depends on nothing of ours, and may be used by every layer of the data path. */
const BASE = ["domain", "random", "kernel"];

/** Layer → the layers that it may import beside itself. Anything else is a violation. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  random: [],
  kernel: [],
  version: ["deno.json"],
  configs: [],
  config: [...BASE, "configs"],
  market: BASE,
  features: BASE,
  estimators: BASE,
  evaluation: BASE,
  cards: BASE,
  store: BASE,
  registry: ["domain", "store"],
  engine: ["domain", "registry", "store"],
  notify: ["domain", "registry", "store"],
  cli: ["domain", "config", "registry", "engine", "cards"],
  flows: [
    ...BASE,
    "config",
    "market",
    "features",
    "estimators",
    "evaluation",
    "cards",
    "store",
    "registry",
    "engine",
    "notify",
  ],
  dashboard: ["domain", "registry", "engine", "cards", "config", "evaluation"],
};

/** Entries and what they share: they put the layers together, and so may import any. */
const WIRING = ["main.ts", "deploy.ts", "serving.ts", "serve_here.ts"];

/** Layers where files may not import each other's folders: a flow knows no other flow. */
const SEPARATE_FOLDERS = ["flows"];

interface GraphModule {
  specifier: string;
  dependencies?: { code?: { specifier?: string }; type?: { specifier?: string } }[];
}

/** Pairs of paths, relative to the project, of which the first imports the second. */
async function importEdges(entry: string): Promise<[string, string][]> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  assert(success, new TextDecoder().decode(stderr));
  const { modules }: { modules: GraphModule[] } = JSON.parse(new TextDecoder().decode(stdout));
  return modules.flatMap(({ specifier, dependencies = [] }) =>
    dependencies
      .flatMap(({ code, type }) => [code?.specifier, type?.specifier])
      .filter((to): to is string => to !== undefined)
      .filter((to) => isOurs(specifier) && isOurs(to))
      .map((to): [string, string] => [relative(specifier), relative(to)])
  );
}

function isOurs(specifier: string): boolean {
  return specifier.startsWith(ROOT.href) && !relative(specifier).startsWith("src/std/");
}

function relative(specifier: string): string {
  return specifier.slice(ROOT.href.length);
}

/** "src/store/kv.ts" → "store", "src/random.ts" → "random", "flows/train/flow.ts" → "flows". */
function layerOf(path: string): string {
  return path.replace(/^src\//, "").split("/")[0]!.replace(/\.ts$/, "");
}

function isAllowed(from: string, to: string): boolean {
  const [layer, imported] = [layerOf(from), layerOf(to)];
  if (layer !== imported) return ALLOWED[layer]?.includes(imported) ?? false;
  if (!SEPARATE_FOLDERS.includes(layer)) return true;
  const [folder, importedFolder] = [from.split("/").slice(0, -1), to.split("/").slice(0, -1)];
  const toOwn = folder.join("/") === importedFolder.join("/");
  // flows/*.ts is shared by all flows, and flows/mod.ts lists them.
  return toOwn || importedFolder.length === 1 || from === "flows/mod.ts";
}

function violations(edges: readonly [string, string][]): string[] {
  return [...new Set(edges)]
    .filter(([from]) => !WIRING.includes(from))
    .filter(([from, to]) => !isAllowed(from, to))
    .map(([from, to]) => `${from} imports ${to}`);
}

for (const entry of ["main.ts", "deploy.ts"]) {
  Deno.test(`from ${entry} on, every layer imports only the layers that it may`, async () => {
    const edges = await importEdges(entry);
    assert(edges.length > 100, `only ${edges.length} imports found`);
    assertEquals(violations(edges), []);
  });
}

Deno.test("what runs on Deno Deploy has no command line in it", async () => {
  const layers = new Set((await importEdges("deploy.ts")).flat().map(layerOf));
  assert(layers.has("dashboard") && layers.has("flows"), [...layers].join(" "));
  assertEquals(layers.has("cli"), false);
});

Deno.test("the client for scripts imports only the layers that the engine may", async () => {
  assertEquals(violations(await importEdges("src/engine/client.ts")), []);
});

Deno.test("the rules tell an allowed import from a forbidden one", () => {
  const forbidden: [string, string][] = [
    ["src/domain/run.ts", "src/store/kv.ts"],
    ["src/store/kv.ts", "src/registry/runs.ts"],
    ["src/features/split.ts", "src/estimators/detector.ts"],
    ["src/engine/runner.ts", "flows/mod.ts"],
    ["src/cli/mod.ts", "src/store/kv.ts"],
    ["src/cli/mod.ts", "src/notify/sender.ts"],
    ["src/engine/runner.ts", "src/notify/sender.ts"],
    ["src/cli/mod.ts", "dashboard/server.ts"],
    ["dashboard/server.ts", "src/store/kv.ts"],
    ["dashboard/server.ts", "serving.ts"],
    ["flows/schedules.ts", "main.ts"],
    ["flows/train/flow.ts", "src/cli/mod.ts"],
    ["flows/train/flow.ts", "flows/evaluate/flow.ts"],
    ["src/new_layer/mod.ts", "src/domain/run.ts"],
  ];
  assertEquals(violations(forbidden).length, forbidden.length);
  const allowed: [string, string][] = [
    ["src/store/kv.ts", "src/domain/run.ts"],
    ["src/store/kv.ts", "src/store/keys.ts"],
    ["src/registry/runs.ts", "src/store/kv.ts"],
    ["src/engine/runner.ts", "src/store/kv.ts"],
    ["src/cli/mod.ts", "src/engine/flow.ts"],
    ["flows/mod.ts", "flows/train/flow.ts"],
    ["flows/train/flow.ts", "flows/market_data.ts"],
    ["flows/train/flow.ts", "src/estimators/detector.ts"],
    ["main.ts", "dashboard/server.ts"],
  ];
  assertEquals(violations(allowed), []);
});
