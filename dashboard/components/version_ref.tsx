// A version of whichever branch as a link: lineage crosses branches, and a link then leads to the other one.

import type { FC } from "hono/jsx";
import { ASSET, type VersionRef } from "../../src/domain/asset.ts";
import { plainText } from "../../src/cards/format.ts";
import type { View } from "../view.ts";

/** Where a version is shown. */
export function refHref(view: View, { branch, name, version }: VersionRef): string {
  const path = name === ASSET.detector
    ? `/models/${version}`
    : `/data/${encodeURIComponent(name)}/${version}`;
  return view.href(path, branch === view.branch ? {} : { branch });
}

/** "training_dataset v8", "training_dataset v8 of main" where that is another branch. */
export function refName(view: View, { branch, name, version }: VersionRef): string {
  return plainText(`${name} v${version}${branch === view.branch ? "" : ` of ${branch}`}`);
}

export const RefLink: FC<{ view: View; of: VersionRef; text?: string }> = ({ view, of, text }) => (
  <a href={refHref(view, of)}>{text ?? refName(view, of)}</a>
);
