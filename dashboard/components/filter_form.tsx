// The form that a list is filtered by: it asks for the page anew, with what was chosen in its URL.

import type { Child, FC } from "hono/jsx";
import type { View } from "../view.ts";
import { BranchField } from "./frame.tsx";

export interface FilterFormProps {
  view: View;
  /** The page's path. */
  action: string;
  /** Where something is typed; a form of choices alone is sent by the script as soon as one is made. */
  button?: string;
  /** Columns of twelve, outside a panel. */
  span?: "c12";
  children: Child;
}

export const FilterForm: FC<FilterFormProps> = ({ view, action, button, span, children }) => (
  <form class={span === undefined ? "filter" : `filter ${span}`} method="get" action={action}>
    {children}
    <BranchField view={view} />
    <button class={button === undefined ? "btn go" : "btn"} type="submit">
      {button ?? "Show"}
    </button>
  </form>
);
