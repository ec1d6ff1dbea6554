// The table of operations, in the order in which they are explained. What is not in it does not exist.

import type { Operation } from "./operation.ts";
import { aliasOperations } from "./routes/aliases.ts";
import { coinOperations } from "./routes/coins.ts";
import { dataOperations } from "./routes/data.ts";
import { flowOperations } from "./routes/flows.ts";
import { marketOperations } from "./routes/market.ts";
import { modelOperations } from "./routes/models.ts";
import { predictionOperations } from "./routes/predictions.ts";
import { recordOperations } from "./routes/records.ts";
import { scoreOperations } from "./routes/scores.ts";

export const OPERATIONS: readonly Operation[] = [
  ...marketOperations,
  ...predictionOperations,
  ...coinOperations,
  ...scoreOperations,
  ...modelOperations,
  ...aliasOperations,
  ...flowOperations,
  ...dataOperations,
  ...recordOperations,
];
