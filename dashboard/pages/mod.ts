// Every page, in the order of the navigation. A page that is not in this list does not exist.

import type { Page } from "../page.ts";
import { audit } from "./audit.tsx";
import { coin } from "./coin.tsx";
import { coins } from "./coins.tsx";
import { data } from "./data.tsx";
import { dataAsset } from "./data_asset.tsx";
import { dataVersion } from "./data_version.tsx";
import { events } from "./events.tsx";
import { features } from "./features.tsx";
import { flow } from "./flow.tsx";
import { flows } from "./flows.tsx";
import { model } from "./model.tsx";
import { modelCompare } from "./model_compare.tsx";
import { modelLineage } from "./model_lineage.tsx";
import { models } from "./models.tsx";
import { overview } from "./overview.tsx";
import { predictions } from "./predictions.tsx";
import { predictionsLive } from "./predictions_live.tsx";
import { run } from "./run.tsx";
import { runCards } from "./run_cards.tsx";
import { runLog } from "./run_log.tsx";
import { runs } from "./runs.tsx";
import { search } from "./search.tsx";

export const PAGES: readonly Page[] = [
  overview,
  models,
  modelCompare,
  modelLineage,
  model,
  predictions,
  predictionsLive,
  coins,
  coin,
  runs,
  runCards,
  run,
  runLog,
  flows,
  flow,
  data,
  dataAsset,
  dataVersion,
  events,
  audit,
  features,
  search,
];
