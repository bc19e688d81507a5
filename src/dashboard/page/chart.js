import { count, element, markScrollable, shape, table } from "./dom.js";

const [HEIGHT, LEFT, BOTTOM] = [260, 60, 24];
const HOUR_MS = 3_600_000;
const KINDS = [
  ["allowed", "allowed"],
  ["denied", "denied"],
  ["another", "denied by another limiter"],
];

/** Stacked bars over time. Our own SVG: a library would bring hundreds of kB for one kind of chart. */
export function callsChart(slots, stepMs, width) {
  // A page that is not laid out yet has none.
  const room = Math.max(240, width);
  // What there is none of needs no place, but for what everybody looks for.
  const kinds = KINDS.filter(([kind]) => kind !== "another" || slots.some((slot) => slot[kind] !== 0));
  const most = Math.max(1, ...slots.map(({ allowed, denied, another }) => allowed + denied + another));
  const top = niceAbove(most);
  // In pixels of the page, so that its text is as large as any other.
  const step = (room - LEFT) / slots.length;
  const y = (value) => (HEIGHT - BOTTOM) * (1 - value / top) + 12;
  const lines = [0, 0.5, 1].flatMap((share) => [
    shape("line", { x1: LEFT, x2: room, y1: y(top * share), y2: y(top * share) }),
    shape("text", { x: LEFT - 8, y: y(top * share) + 4, "text-anchor": "end" }, count(top * share)),
  ]);
  const bars = slots.flatMap((slot, i) => {
    let under = 0;
    return kinds
      .map(([kind]) => {
        const from = under;
        under += slot[kind];
        const height = y(from) - y(under);
        const place = { x: LEFT + i * step + step * 0.1, width: step * 0.8, y: y(under), height };
        return slot[kind] === 0 ? "" : shape("rect", { class: kind, ...place });
      })
      .filter(Boolean);
  });
  const every = Math.ceil(slots.length / Math.max(1, Math.floor(room / 150)));
  const labels = slots.flatMap((slot, i) =>
    i % every === 0
      ? [
          shape(
            "text",
            { x: LEFT + (i + 0.5) * step, y: HEIGHT + 8, "text-anchor": "middle" },
            timeText(slot.at, stepMs),
          ),
        ]
      : [],
  );
  const sums = kinds.map(([kind, words]) => `${count(slots.reduce((sum, slot) => sum + slot[kind], 0))} ${words}`);
  const spans = { [HOUR_MS]: "an hour", [6 * HOUR_MS]: "six hours", [24 * HOUR_MS]: "a day" };
  const picture = shape(
    "svg",
    { viewBox: `0 0 ${room} ${HEIGHT + 16}`, role: "img", "aria-label": sums.join(", ") },
    ...lines,
    ...bars,
    ...labels,
  );
  const legend = element(
    "ul",
    { class: "legend" },
    ...kinds.map(([kind, words]) =>
      element(
        "li",
        {},
        shape(
          "svg",
          { viewBox: "0 0 12 12", "aria-hidden": "true" },
          shape("rect", { class: kind, width: 12, height: 12 }),
        ),
        words,
      ),
    ),
  );
  legend.append(element("li", {}, `Each bar is ${spans[stepMs]}.`));
  const rows = slots.map(({ at, allowed, denied, another }) => [timeText(at, 0), allowed, denied, another]);
  const numbers = element("details", { class: "numbers" }, element("summary", {}, "The same as a table"));
  numbers.addEventListener("toggle", markScrollable);
  const body = element("div", { class: "wide" });
  body.append(table("Calls over time", ["From", "Allowed", "Denied", "Denied by another"], rows));
  numbers.append(body);
  return [picture, legend, numbers];
}

const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const hour = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

const timeText = (at, stepMs) =>
  stepMs === 0 ? `${day.format(at)}, ${hour.format(at)}` : stepMs > HOUR_MS ? day.format(at) : hour.format(at);

/** The next round number of which half is a whole number, too. */
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const candidates = [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10, 12].map((times) => Math.round(times * power));
  return candidates.find((nice) => nice >= value && nice % 2 === 0);
}
