// Every page, in the order of the navigation. A page that is not in this list does not exist.

import type { Page } from "../page.ts";
import { audit } from "./audit.tsx";
import { events } from "./events.tsx";
import { overview } from "./overview.tsx";

export const PAGES: readonly Page[] = [
  overview,
  events,
  audit,
];
