// Runs, versions, datasets and coins as links, and times as elements. Every one that is named is a link.

import type { FC } from "hono/jsx";
import { ASSET, type ModelStatus, type VersionRef } from "../../src/domain/asset.ts";
import { briefInstant, duration, instant, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { iso } from "../../src/domain/time.ts";
import type { View } from "../view.ts";
import { coinName } from "./text.ts";

export const RunLink: FC<{ view: View; id: number; text?: string }> = ({ view, id, text }) => (
  <a href={view.href(`/runs/${id}`)}>{text ?? `run ${id}`}</a>
);

export const ModelLink: FC<{ view: View; version: number; text?: string }> = (
  { view, version, text },
) => <a href={view.href(`/models/${version}`)}>{text ?? `v${version}`}</a>;

/** A version of either kind, by its asset's name: "training_dataset v8". */
export const VersionLink: FC<{ view: View; name: string; version: number; text?: string }> = (
  { view, name, version, text },
) => <a href={view.href(versionPath(name, version))}>{text ?? `${plainText(name)} v${version}`}</a>;

function versionPath(name: string, version: number): string {
  return name === ASSET.detector
    ? `/models/${version}`
    : `/data/${encodeURIComponent(name)}/${version}`;
}

/** Where a version of whichever branch is shown: lineage crosses branches, and a link then does. */
export function refHref(view: View, { branch, name, version }: VersionRef): string {
  return view.href(versionPath(name, version), branch === view.branch ? {} : { branch });
}

/** "training_dataset v8", "training_dataset v8 of main" where that is another branch. */
export function refName(view: View, { branch, name, version }: VersionRef): string {
  return plainText(`${name} v${version}${branch === view.branch ? "" : ` of ${branch}`}`);
}

export const RefLink: FC<{ view: View; of: VersionRef; text?: string }> = ({ view, of, text }) => (
  <a href={refHref(view, of)}>{text ?? refName(view, of)}</a>
);

/** The symbol in bold, linked, and the name where it is another; both come from outside. */
export const CoinLink: FC<{ view: View; coinId: string; symbol: string; name: string }> = (
  { view, coinId, symbol, name },
) => (
  <>
    <a class="coin" href={view.href(`/coins/${encodeURIComponent(coinId)}`)}>
      <b>
        <bdi>{coinName({ symbol, coinId })}</bdi>
      </b>
    </a>
    {name.toLowerCase() === symbol.toLowerCase() ? "" : (
      <>
        {" "}
        <span class="nm" title={plainText(name)}>
          <bdi>{plainText(name)}</bdi>
        </span>
      </>
    )}
  </>
);

/** "5 h 54 min ago", with the exact time in its element. */
export const Age: FC<{ view: View; at: string }> = ({ view, at }) => (
  <time datetime={at} title={instant(at)}>{ageText(view, at)}</time>
);

export function ageText(view: View, at: string): string {
  const ms = view.nowMs - Date.parse(at);
  return ms < 1000 ? "just now" : `${duration(ms).replaceAll(" ", "\u00a0")} ago`;
}

/** "06:00" today, "05-09 17:00" this year, the full date before. */
export function shortTime(view: View, at: string | null): string {
  return at === null ? UNDEFINED : briefInstant(at, iso(view.nowMs));
}

export const At: FC<{ view: View; at: string | null }> = ({ view, at }) =>
  at === null
    ? <>{UNDEFINED}</>
    : <time datetime={at} title={instant(at)}>{shortTime(view, at)}</time>;

/** champion ◆ in ink, candidate in accent, the others quiet. */
export const StatusTag: FC<{ status: ModelStatus | string }> = ({ status }) => {
  const kind = status === "champion" ? "champ" : status === "candidate" ? "cand" : "";
  return <span class={`tag ${kind}`.trim()}>{status}</span>;
};
