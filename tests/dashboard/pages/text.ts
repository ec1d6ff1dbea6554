// Pages as a person reads them: their text, without marks.

/** Text of a page or a part of it, with single spaces. */
export function textOf(html: string): string {
  return html.replace(/<(title|desc)>.*?<\/\1>/gs, " ").replace(/<[^>]*>/g, " ")
    .replaceAll("&amp;", "&").replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"').replaceAll("&#39;", "'")
    .replaceAll("\u00a0", " ").replace(/\s+/g, " ").replace(/ ([.,;:])/g, "$1").trim();
}

/** The finding, the lead and the next step. */
export function headOf(html: string): string {
  const [, head] = /<div class="head c12"[^>]*>(.*?)<\/main>/s.exec(html) ?? [];
  return textOf((head ?? "").split(/<(?:section class="panel|form class="filter)/)[0]!);
}
