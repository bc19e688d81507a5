import { callsChart } from "./chart.js";
import { bar, count, element, percent, table, visible } from "./dom.js";

const HOUR_MS = 3_600_000;
/** What Upstash bills for 100 000 commands, in dollars. */
const PRICE = 0.2;

/** Longer keys are kept without their end. */
const LONGEST_KEY = 96;

/** Commands of a request for something else than a check, by purpose. */
const COMMANDS = { lease: 3, rules: 2, description: 2, analytics: 3 };
/** Answers that nobody was asked for. */
const FREE = new Set(["snapshot", "lease", "rule"]);

const isFree = ({ source }) => FREE.has(source);
const sum = (list, measure) => list.reduce((all, each) => all + measure(each), 0);
const callsOf = (calls, test = () => true) => sum(calls.filter(test), (call) => call.count);

/**
 * The calls of one of the chosen limiters. Beside others a call of `allOf` is one, so those that another limiter binds, and counts,
 * too, are taken off.
 */
const callsIn = ({ calls, beside }, chosen) =>
  chosen.length === 1 ? calls : [...calls, ...beside.map((each) => ({ ...each, count: -each.count }))];

/** Shows what limiters came to; `chosen` are those to be shown. */
export function showFigures(chosen, { from, hours }, lookUp) {
  const calls = chosen.flatMap((each) => callsIn(each, chosen));
  const show = (id, ...content) => document.getElementById(id).replaceChildren(...content);
  const all = callsOf(calls);
  const failed = callsOf(calls, ({ source }) => source === "fallback" || source === "memory");
  const together = chosen.length > 1 && chosen.some(({ beside }) => beside.length > 0);
  const latency = classesOf(chosen);

  show(
    "summary",
    ...Object.entries({
      Calls: count(all),
      Denied: percent(
        callsOf(calls, ({ outcome }) => outcome === "denied"),
        all,
      ),
      "Without a trip": percent(callsOf(calls, isFree), all),
      "Store errors": count(failed),
      "Store, median": quantile(latency, 0.5),
      "Store, 99 of 100": quantile(latency, 0.99),
    }).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
  );

  show(
    "together",
    together ? "A call of allOf is one here and over time; below it is counted for each of its limiters." : "",
  );

  const stepMs = hours > 24 * 8 ? 24 * HOUR_MS : hours > 24 ? 6 * HOUR_MS : HOUR_MS;
  show(
    "calls",
    ...callsChart(slotsOf(chosen, from, hours, stepMs), stepMs, document.getElementById("calls").clientWidth),
  );
  show(
    "policies",
    table(
      "By limiter and policy",
      ["Limiter", "Policy", "Allowed", "Denied", "By another", "Denied of all"],
      chosen.flatMap(rowsOf),
    ),
  );

  const sources = Object.entries(Object.groupBy(calls, ({ source }) => source))
    .map(([source, some]) => [source, callsOf(some), percent(callsOf(some), all)])
    .sort(([, one], [, other]) => other - one);
  show("sources", table("Where answers came from", ["Source", "Calls", "Share"], sources));
  show("saved", savedText(calls, chosen, together ? setsBeside(chosen) : 0));
  const mostSlow = Math.max(1, ...latency.map((each) => each.count));
  show(
    "latency",
    table(
      "Time of the store",
      ["Up to", "Requests", "Drawn"],
      latency.map(({ upToMs, count }) => [
        upToMs === null ? "longer" : `${upToMs} ms`,
        count,
        bar(count, mostSlow, `${count} requests`),
      ]),
    ),
  );
  for (const list of ["denied", "asked"]) show(list, ...keysTable(list, chosen, lookUp));
  const errors = chosen.flatMap(({ limiter, errors, requests }) => [
    ...failuresOf(limiter, "calls", errors),
    ...requests.flatMap(({ purpose, failed }) => failuresOf(limiter, `requests: ${purpose}`, failed)),
  ]);
  if (errors.length === 0) return show("errors", element("p", {}, "None in this span."));
  show(
    "errors",
    table("Errors", ["Limiter", "What failed", "Why", "Times"], errors),
    element("p", { class: "note" }, "Calls were answered without the store, by failure mode."),
  );
}

const failuresOf = (limiter, what, byKind) =>
  Object.entries(byKind)
    .filter(([, times]) => times > 0)
    .map(([kind, times]) => [limiter, what, kind, times]);

/** The keys that calls of `allOf` wrote beside those of the limiters that bind. */
const setsBeside = (chosen) =>
  callsOf(
    chosen.flatMap(({ beside }) => beside),
    ({ source, outcome }) => source === "store" && outcome === "allowed",
  );

/** What was billed, and what the calls that took no trip would have been billed besides. */
function savedText(calls, chosen, sets) {
  const all = callsOf(calls);
  const stored = callsOf(calls, ({ source }) => source === "store");
  const allowed = callsOf(calls, ({ source, outcome }) => source === "store" && outcome === "allowed");
  const checks = 2 * stored + allowed + sets;
  const requests = chosen.flatMap((each) => each.requests);
  const others = Object.entries(COMMANDS).map(
    ([purpose, each]) => each * callsOf(requests, (r) => r.purpose === purpose),
  );
  const [leases] = others;
  const commands = checks + sum(others, (each) => each);
  const free = callsOf(calls, isFree);
  const saved = Math.max(0, free * (stored === 0 ? 2 : checks / stored) - leases);
  const dollars = (many) => `$${((many * PRICE) / 100_000).toFixed(2)}`;
  return `${count(free)} of ${count(all)} calls took no trip to Redis. Some ${count(commands)} commands were billed for the others, leases, rules and these figures: ${dollars(commands)} at ${dollars(100_000)} for 100 000, and ${dollars(saved)} saved.`;
}

function rowsOf({ limiter, calls }) {
  const policies = [...new Set(calls.map(({ policy }) => policy))];
  return policies.map((policy) => {
    const of = (outcome) => callsOf(calls, (call) => call.policy === policy && call.outcome === outcome);
    const [allowed, denied, another] = [of("allowed"), of("denied"), of("denied-by-another")];
    return [limiter, policy || "–", allowed, denied, another, percent(denied, allowed + denied + another)];
  });
}

function slotsOf(chosen, from, hours, stepMs) {
  const slots = Array.from({ length: Math.ceil((hours * HOUR_MS) / stepMs) }, (_slot, i) => ({
    at: from + i * stepMs,
    allowed: 0,
    denied: 0,
    another: 0,
  }));
  for (const hour of chosen.flatMap((each) => each.hours)) {
    const slot = slots[Math.floor((hour.at - from) / stepMs)];
    for (const { outcome, count } of slot ? callsIn(hour, chosen) : [])
      slot[outcome === "denied-by-another" ? "another" : outcome] += count;
  }
  return slots;
}

function classesOf(chosen) {
  const [first] = chosen;
  return (first?.latency ?? []).map(({ upToMs }, i) => ({
    upToMs,
    count: sum(chosen, ({ latency }) => latency[i].count),
  }));
}

/** The class that holds the value below which `share` of the requests lie. */
function quantile(classes, share) {
  let left = share * sum(classes, ({ count }) => count);
  if (left === 0) return "–";
  const found = classes.find(({ count }) => {
    left -= count;
    return left <= 0;
  });
  return found?.upToMs ? `≤ ${found.upToMs} ms` : "> 2 s";
}

function keysTable(list, chosen, lookUp) {
  const rows = chosen
    .flatMap((each) => each[list].keys.map((entry) => ({ ...entry, limiter: each.limiter })))
    .sort((a, b) => b.count - a.count)
    .slice(0, 20)
    .map(({ key, count: most, error, limiter }) => {
      const button = element("button", { type: "button", ariaLabel: `Look up ${visible(key)}` }, "Look up");
      button.addEventListener("click", () => lookUp(key));
      return [
        element("bdi", { class: "text" }, visible(key)),
        limiter,
        error === 0 ? count(most) : `${count(most - error)} to ${count(most)}`,
        // What is left of a longer key is another key.
        key.length > LONGEST_KEY ? "cut" : button,
      ];
    });
  if (rows.length === 0) return [element("p", {}, list === "denied" ? "None in this span." : "No keys are kept.")];
  const floor = sum(chosen, (each) => each[list].floor);
  const note =
    floor === 0
      ? []
      : [element("p", { class: "note" }, `Any key that is not listed came at most ${count(floor)} times.`)];
  return [
    table(list === "denied" ? "Keys denied most" : "Busiest keys", ["Key", "Limiter", "Times", "State"], rows),
    ...note,
  ];
}
