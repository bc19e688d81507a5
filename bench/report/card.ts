/** The few colours of all plots, for light and dark: Sluice stands out, the others recede. */
const STYLE = `
  svg { --card: #ffffff; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; --sluice: #0969da; --first: #bc4c00;
    --second: #8c959f; --third: #b7bdc4; --soft: #54aeff66 }
  @media (prefers-color-scheme: dark) {
    svg { --card: #0d1117; --ink: #e6edf3; --quiet: #9198a1; --line: #30363d; --sluice: #58a6ff; --first: #f0883e;
      --second: #8b949e; --third: #6e7681; --soft: #388bfd66 }
  }
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }`;

export interface Card {
  readonly title: string;
  readonly subtitle: string;
  /** What was measured how, and how often. */
  readonly note: string;
  readonly width: number;
  readonly height: number;
  /** The plot's own markup, as wide as the card without its margins. */
  readonly plot: string;
}

export const CARD_WIDTH = 880;
const MARGIN = 24;
export const PLOT_WIDTH = CARD_WIDTH - 2 * MARGIN;
const TOP = 72;
const BOTTOM = 40;

/** A plot with its title and note on a background of its own, so that it can be read on any page. */
export function card({ title, subtitle, note, width, height, plot }: Card): string {
  const whole = TOP + height + BOTTOM;
  const label = (size: number, y: number, colour: string, text: string, more = "") =>
    `<text x="${MARGIN}" y="${y}" font-size="${size}" fill="var(--${colour})"${more}>${escaped(text)}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${whole}" viewBox="0 0 ${width} ${whole}" role="img">`,
    `<title>${escaped(`${title}. ${subtitle}`)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${whole}" rx="8" fill="var(--card)"/>`,
    label(18, 34, "ink", title, ' font-weight="600"'),
    label(13, 56, "quiet", subtitle),
    `<svg x="${MARGIN}" y="${TOP}" width="${PLOT_WIDTH}" height="${height}">${plot}</svg>`,
    label(11.5, whole - 14, "quiet", note),
    "</svg>\n",
  ].join("\n");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
