import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { CARD_WIDTH, type Card, card, PLOT_WIDTH } from "./card.ts";

/** Who is drawn how, everywhere. */
export const LIBRARIES = [
  "sluice",
  "sluice, pipeline",
  "@upstash/ratelimit",
  "hono-rate-limiter",
  "rate-limiter-flexible",
  "bare request",
];
export const COLOURS = [
  "var(--sluice)",
  "var(--sluice)",
  "var(--first)",
  "var(--second)",
  "var(--third)",
  "var(--quiet)",
];

/** Draws with Observable Plot, without a browser. */
export function draw(words: Pick<Card, "title" | "subtitle" | "note">, options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const height = options.height ?? 300;
  const svg = Plot.plot({
    color: { domain: LIBRARIES, range: COLOURS },
    ...options,
    document: document as unknown as Document,
    width: PLOT_WIDTH,
    height,
    style: { background: "transparent", color: "var(--ink)", fontSize: "12px", overflow: "visible" },
  });
  return card({ ...words, width: CARD_WIDTH, height, plot: svg.outerHTML });
}

export { Plot };
