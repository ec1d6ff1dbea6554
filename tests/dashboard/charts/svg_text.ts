// What a chart's SVG says, read back from its text, and where its labels lie at a given width. Knows
// nothing of how labels are placed but the width of a text.

import { textWidth } from "../../../dashboard/charts/labels.ts";

export interface Drawn {
  text: string;
  class: string;
  x: number;
  dx: number;
  y: number;
}

export interface Rectangle {
  text: string;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Every `<text>` with a place in percent. */
export function textsOf(svg: string): Drawn[] {
  return [...svg.matchAll(/<text([^>]*)>([^<]*)<\/text>/g)].map(([, attributes, text]) => {
    const read = (name: string) => new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes!)?.[1];
    return {
      text: text!,
      class: read("class") ?? "",
      x: Number.parseFloat(read("x") ?? "0"),
      dx: Number(read("dx") ?? 0),
      y: Number(read("y")),
    };
  });
}

/** The labels that a screen shows: `wide` ones, or `mob` ones. */
export function shownOn(screen: "wide" | "mob", texts: readonly Drawn[]): Drawn[] {
  const hidden = screen === "wide" ? "mob" : "wide";
  return texts.filter((text) => !text.class.split(" ").includes(hidden));
}

export function rectangleAt(drawn: Drawn, chartWidth: number): Rectangle {
  const names = drawn.class.split(" ");
  const width = textWidth(
    drawn.text,
    names.some((name) => name === "lab" || name.startsWith("l-")),
  );
  const shift = names.includes("e") ? width : names.includes("m") ? width / 2 : 0;
  const left = chartWidth * drawn.x / 100 + drawn.dx - shift;
  return {
    text: drawn.text,
    left,
    right: left + width,
    top: drawn.y - 9,
    bottom: drawn.y + 3,
  };
}

/** Pairs of labels that lie on one another, and labels that leave the chart, as words. */
export function collisions(texts: readonly Drawn[], chartWidth: number): string[] {
  const boxes = texts.map((drawn) => rectangleAt(drawn, chartWidth));
  return boxes.flatMap((a, i) => [
    ...boxes.slice(i + 1)
      .filter((b) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom - 0.2 && b.top < a.bottom - 0.2
      )
      .map((b) => `${a.text} × ${b.text} at ${chartWidth}`),
    // Numbers in attributes are rounded; a pixel is for that.
    ...(a.left < -1 || a.right > chartWidth + 1 ? [`${a.text} outside at ${chartWidth}`] : []),
  ]);
}

/** All of them at widths from the narrowest to the widest. */
export function allCollisions(svg: string, narrowest = { wide: 400, mob: 300 }): string[] {
  const texts = textsOf(svg);
  const steps = (from: number, to: number) =>
    Array.from({ length: 21 }, (_, i) => from + i * (to - from) / 20);
  return [
    ...steps(narrowest.wide, 1400).flatMap((width) => collisions(shownOn("wide", texts), width)),
    ...steps(narrowest.mob, 620).flatMap((width) => collisions(shownOn("mob", texts), width)),
  ];
}
