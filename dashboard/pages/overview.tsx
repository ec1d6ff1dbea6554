// The overview: is it healthy, and what comes next?

import { z } from "zod";
import { definePage } from "../page.ts";

export const overview = definePage({
  path: "/",
  query: z.object({}),
  load: () => Promise.resolve({}),
  render: () => ({ title: "Overview", section: "overview", finding: "Overview", body: "" }),
});
