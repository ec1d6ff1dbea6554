// The table of flows, in the order of the data path.

import { defineFlows } from "../src/engine/flow.ts";
import { buildDataset } from "./build_dataset/flow.ts";
import { evaluate } from "./evaluate/flow.ts";
import { ingest } from "./ingest/flow.ts";
import { promote } from "./promote/flow.ts";
import { score } from "./score/flow.ts";
import { train } from "./train/flow.ts";
import { validateOutcomes } from "./validate_outcomes/flow.ts";

export const flows = defineFlows([
  ingest,
  score,
  buildDataset,
  train,
  evaluate,
  promote,
  validateOutcomes,
]);
