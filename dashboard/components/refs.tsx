// Runs, versions, datasets and coins as links, and times as elements. Every one that is named is a link.

import type { FC } from "hono/jsx";
import { ASSET, type ModelStatus } from "../../src/domain/asset.ts";
import { briefInstant, duration, instant, plainText, UNDEFINED } from "../../src/cards/format.ts";
import { iso } from "../../src/domain/time.ts";
import type { View } from "../view.ts";

export const RunLink: FC<{ view: View; id: number; text?: string }> = ({ view, id, text }) => (
  <a href={view.href(`/runs/${id}`)}>{text ?? `run ${id}`}</a>
);

export const ModelLink: FC<{ view: View; version: number; text?: string }> = (
  { view, version, text },
) => <a href={view.href(`/models/${version}`)}>{text ?? `v${version}`}</a>;

/** "training_dataset v8"; an `evaluation_results` version as well. */
export const DataLink: FC<{ view: View; name: string; version: number; text?: string }> = (
  { view, name, version, text },
) => (
  <a href={view.href(`/data/${encodeURIComponent(name)}/${version}`)}>
    {text ?? `${plainText(name)} v${version}`}
  </a>
);

/** A version of either kind, by its asset's name. */
export const VersionLink: FC<{ view: View; name: string; version: number }> = (
  { view, name, version },
) =>
  name === ASSET.detector
    ? <ModelLink view={view} version={version} text={`${name} v${version}`} />
    : <DataLink view={view} name={name} version={version} />;

/** The symbol in bold, linked, and the name where it is another; both come from outside. */
export const CoinLink: FC<{ view: View; coinId: string; symbol: string; name: string }> = (
  { view, coinId, symbol, name },
) => (
  <>
    <a class="coin" href={view.href(`/coins/${encodeURIComponent(coinId)}`)}>
      <b>
        <bdi>{plainText(symbol.toUpperCase() || coinId)}</bdi>
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
