// The table of flows, in the order of the data path.

import { defineFlows } from "../src/engine/flow.ts";
import { buildDataset } from "./build_dataset/flow.ts";
import { evaluate } from "./evaluate/flow.ts";
import { ingest } from "./ingest/flow.ts";
import { promote } from "./promote/flow.ts";
import { train } from "./train/flow.ts";

export const flows = defineFlows([ingest, buildDataset, train, evaluate, promote]);
