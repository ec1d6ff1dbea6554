// A flow with parameters as the command that does the same, for copying beside forms and failures.

import type { JsonObject } from "../../src/domain/asset.ts";
import { plainText } from "../../src/cards/format.ts";
import { shellWord } from "../../src/domain/shell.ts";
import type { Flow } from "../../src/engine/flow.ts";
import { inputSchema, isNode } from "../../src/domain/problems.ts";

/** "train --data_version 3": what differs from the defaults, by its flags. */
export function flowCommand(flow: Pick<Flow, "name" | "params">, params: JsonObject): string {
  const properties = inputSchema(flow.params).properties ?? {};
  const flags = Object.entries(params).flatMap(([name, value]) => {
    const node = properties[name];
    if (value === null || (isNode(node) && String(node.default) === String(value))) return [];
    if (String(value) === "true") return [` --${name}`];
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [` --${name} ${shellWord(plainText(text))}`];
  });
  return flow.name + flags.join("");
}
