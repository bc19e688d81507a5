// Draws docs/algorithms.svg: the same calls put to each algorithm's twin, and what it lets through. `--check` only compares,
// for continuous integration.
import { readFileSync, writeFileSync } from "node:fs";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import {
  createLimiter,
  fixedWindow,
  memoryStore,
  type Policy,
  parts,
  slidingLog,
  slidingWindow,
  tokenBucket,
} from "sluice";

const target = new URL("../docs/algorithms.svg", import.meta.url);

const WINDOW_S = 10;
const LIMIT = 10;
const END_S = 50;
const quota = { limit: LIMIT, window: WINDOW_S * 1000 };
const algorithms: [string, Policy][] = [
  ["tokenBucket", tokenBucket(quota)],
  ["fixedWindow", fixedWindow(quota)],
  ["slidingWindow", slidingWindow(quota)],
  ["slidingWindow, parts(5)", slidingWindow({ ...quota, parts: parts(5) })],
  ["slidingLog", slidingLog(quota)],
];

/** A burst of ten calls a second around a window's end, then three calls every two seconds, in whole ms. */
const CALLS_S = [...series(8, 12, 10), ...series(24, 48, 1.5)];

function series(from: number, to: number, perSecond: number): number[] {
  return Array.from({ length: (to - from) * perSecond }, (_, i) => Math.round((from + i / perSecond) * 1000) / 1000);
}

interface Call {
  readonly algorithm: string;
  readonly s: number;
  readonly allowed: boolean;
}

async function callsOf([algorithm, policy]: [string, Policy]): Promise<Call[]> {
  let now = 0;
  const limiter = createLimiter({ name: "test", store: memoryStore(), policies: [policy], now: () => now });
  const calls: Call[] = [];
  for (const s of CALLS_S) {
    // A time at which windows begin, so that the axis' tens are their ends.
    now = 1_700_000_000_000 + Math.round(s * 1000);
    const { allowed } = await limiter.consume("caller");
    calls.push({ algorithm, s, allowed });
  }
  return calls;
}

/** How many calls the last window let through, wherever that changes. */
function loadsOf(calls: readonly Call[]) {
  const allowed = calls.filter((call) => call.allowed).map(({ s }) => s);
  const changes = [...new Set([0, ...allowed, ...allowed.map((s) => s + WINDOW_S), END_S])].filter((s) => s <= END_S);
  return changes
    .sort((a, b) => a - b)
    .map((at) => {
      const count = allowed.filter((s) => s <= at && at < s + WINDOW_S).length;
      return { algorithm: calls[0]?.algorithm, s: at, count };
    });
}

const runs = await Promise.all(algorithms.map(callsOf));
const calls = runs.flat();
const loads = runs.flatMap(loadsOf);
const titles = runs.map((run) => {
  const algorithm = run[0]?.algorithm;
  const most = Math.max(...loadsOf(run).map(({ count }) => count));
  const admitted = run.filter(({ allowed }) => allowed).length;
  return { algorithm, text: `${admitted} of ${run.length} calls pass, at most ${most} within ${WINDOW_S} s` };
});

const BLUE = "#0969da";
const RED = "#cf222e";
const { document } = parseHTML("<html><body></body></html>");
const strip = (allowed: boolean, y1: number, y2: number, stroke: string) =>
  Plot.ruleX(
    calls.filter((call) => call.allowed === allowed),
    { x: "s", fy: "algorithm", y1, y2, stroke, strokeWidth: 1.6 },
  );

const chart = Plot.plot({
  document,
  width: 900,
  height: 780,
  marginLeft: 52,
  marginRight: 24,
  marginTop: 56,
  marginBottom: 46,
  style: { background: "#ffffff", color: "#1f2328", fontFamily: "system-ui, sans-serif", fontSize: "13px" },
  x: { label: "seconds", domain: [0, END_S], labelAnchor: "right" },
  y: { domain: [-9, 22], ticks: [0, 10, 20], label: null, grid: false },
  fy: { label: null, axis: null, domain: algorithms.map(([name]) => name), padding: 0.16 },
  marks: [
    Plot.gridX(
      Array.from({ length: END_S / WINDOW_S + 1 }, (_, i) => i * WINDOW_S),
      { stroke: "#d0d7de", strokeOpacity: 1 },
    ),
    Plot.areaY(loads, {
      x: "s",
      y1: 0,
      y2: "count",
      fy: "algorithm",
      fill: BLUE,
      fillOpacity: 0.16,
      curve: "step-after",
    }),
    Plot.lineY(loads, { x: "s", y: "count", fy: "algorithm", stroke: BLUE, strokeWidth: 1.8, curve: "step-after" }),
    Plot.ruleY([LIMIT], { stroke: "#57606a", strokeDasharray: "5 4" }),
    Plot.ruleY([0], { stroke: "#8c959f" }),
    strip(true, -1, -4, BLUE),
    strip(false, -5, -8, RED),
    Plot.text(titles, {
      fy: "algorithm",
      text: "algorithm",
      frameAnchor: "top-left",
      dx: 8,
      dy: 2,
      fontWeight: 600,
      fontSize: 14,
    }),
    Plot.text(titles, {
      fy: "algorithm",
      text: "text",
      frameAnchor: "top-right",
      dx: -6,
      dy: 2,
      fill: "#424a53",
      stroke: "#ffffff",
      strokeWidth: 4,
    }),
  ],
});

const NAMESPACE = "http://www.w3.org/2000/svg";
chart.setAttribute("xmlns", NAMESPACE);
chart.setAttribute("role", "img");
const title = document.createElementNS(NAMESPACE, "title");
title.textContent = "The same calls put to five algorithms, each with a limit of 10 per 10 s";
chart.insertBefore(title, chart.firstChild);

const heading: [number, string, string][] = [
  [52, BLUE, "let through in the last 10 s (line), each call let through (tick)"],
  [486, RED, "each call denied"],
  [640, "#57606a", "the limit, 10 per 10 s"],
];
for (const [x, color, words] of heading) {
  const box = document.createElementNS(NAMESPACE, "rect");
  for (const [name, value] of Object.entries({ x, y: 20, width: 12, height: 12, rx: 2, fill: color })) {
    box.setAttribute(name, `${value}`);
  }
  const text = document.createElementNS(NAMESPACE, "text");
  text.setAttribute("x", `${x + 18}`);
  text.setAttribute("y", "31");
  text.setAttribute("text-anchor", "start");
  text.textContent = words;
  chart.append(box, text);
}

const svg = `${chart.outerHTML.replace(/(\d\.\d\d)\d+/g, "$1")}\n`;
if (!process.argv.includes("--check")) writeFileSync(target, svg);
else if (readFileSync(target, "utf8") !== svg) {
  console.error("docs/algorithms.svg isn't what the algorithms do. Mend it with: npm run docs:plot");
  process.exit(1);
}
