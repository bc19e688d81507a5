import type { CrowdRow } from "../leases/crowd.ts";
import type { HotRow, SteadyRow } from "../leases/section.ts";
import { median } from "../lib/statistics.ts";
import type { Raw } from "../raw.ts";
import { number, percent } from "./markdown.ts";
import type { Target } from "./target.ts";

const NAMES = { node: "Node", workerd: "workerd" } as const;
const RUNTIMES = ["node", "workerd"] as const;

const LOADED =
  "In real time everything shares this machine's two cores: until the first answer with a lease, each call is a request of its own, and where the REST server is late, that takes longer and more of them.";

export function leases(raw: Raw): Target[] {
  return [...atHalfTheLimit(raw), ...crowds(raw), ...hot(raw), ...cold(raw)];
}

function atHalfTheLimit({ leases: { steady } }: Raw): Target[] {
  return RUNTIMES.flatMap((runtime) =>
    [
      [1, 0.02],
      [4, 0.04],
    ].flatMap(([isolates, most = 0]) => {
      const row = steady.find(
        (one) => one.runtime === runtime && one.isolates === isolates && one.library === "sluice, leases",
      );
      if (!row) return [];
      const who = `${isolates} ${isolates === 1 ? "isolate" : "isolates"}, ${NAMES[runtime]}`;
      return [
        atMost(`leases, 500 calls/s at half of the limit, ${who}: trips per admitted call`, most, perCall(row.later)),
        atMost("the same in the first second", 0.6, perCall(row.first)),
        {
          what: "the same: wait of a call, p50",
          target: "0 ms",
          measured: `${number(row.later.p50Ms)} ms`,
          met: row.later.p50Ms < 0.1,
          why: LOADED,
        },
      ];
    }),
  );
}

const perCall = ({ trips, admitted }: SteadyRow["first"]) => trips / admitted;

function atMost(what: string, most: number, measured: number, why = LOADED): Target {
  return { what, target: `≤ ${most}`, measured: number(measured), met: measured <= most, why };
}

function crowds({ leases: { crowds: rows } }: Raw): Target[] {
  const row = (demand: number, leased: boolean) =>
    rows.find((one) => one.demand === demand && one.leases === leased && one.calm === undefined);
  const over = [
    [4, 1],
    [40, 1.3],
  ].flatMap(([demand = 0, most = 0]): Target[] => {
    const own = row(demand, true);
    if (!own) return [];
    const what = `leases, ${own.isolates} isolates at ${demand} × the limit`;
    return [
      atMost(
        `${what}: trips per admitted call`,
        most,
        own.trips / own.admitted,
        "Isolates that find no room ask again after a pause, each for itself.",
      ),
      {
        what: "the same: admitted, of what is due",
        target: "≥ 99 %",
        measured: percent(own.ofDue),
        met: own.ofDue >= 0.99,
        why: "What isolates hold and do not spend in time is late for the others.",
      },
      bound("the same", own),
    ];
  });
  const under = [0.9, 0.97].flatMap((demand): Target[] => {
    const [own, other] = [row(demand, true), row(demand, false)];
    if (!own || !other) return [];
    const denied = ({ denied, calls }: CrowdRow) => percent(denied / calls);
    return [
      {
        what: `leases, ${own.isolates} isolates at ${demand} × the limit: denied`,
        target: `≤ ${denied(other)}, as without`,
        measured: denied(own),
        met: own.denied <= other.denied,
        why: "Leases lower the burst by what refills in `maxMs`, so that chance uses it up a little sooner.",
      },
    ];
  });
  const surges = rows.filter(({ calm }) => calm !== undefined);
  const surge = surges.map((own) =>
    bound(`leases, ${own.isolates} isolates at ${own.calm} and then ${own.demand} × the limit`, own),
  );
  return [...over, ...surge, ...under];
}

function bound(what: string, { over }: CrowdRow): Target {
  return {
    what: `${what}: over the bound of burst + rate × span`,
    target: "0",
    measured: number(over),
    met: over === 0,
    why: "Leases do not keep their bound: a bug.",
  };
}

function hot({ leases: { hot: rows, steady } }: Raw): Target[] {
  return RUNTIMES.flatMap((runtime) => {
    const row = (library: HotRow["library"]) => rows.find((one) => one.runtime === runtime && one.library === library);
    const [own, other] = [row("sluice, leases"), row("@upstash/ratelimit")];
    if (!own || !other) return [];
    const times = median(own.rounds.map((perSecond, i) => perSecond / (other.rounds[i] ?? Number.NaN)));
    const billed = (what: string, most: number, ours: number): Target => ({
      what,
      target: `≤ ${percent(most)}`,
      measured: percent(ours / other.billedPerCheck),
      met: ours / other.billedPerCheck <= most,
      why: LOADED,
    });
    const paced = steady.find((one) => one.runtime === runtime && one.isolates === 1 && one.library === own.library);
    return [
      {
        what: `leases, one hot key, 50 in flight, ${NAMES[runtime]}: admitted checks per second by @upstash/ratelimit's`,
        target: "≥ 50 ×",
        measured: `${number(times)} ×`,
        met: times >= 50,
        why: `${NAMES[runtime]}: the first second of a hot key is learning, and what else runs on the machine takes its part.`,
      },
      billed("the same: billed commands by its", 0.005, own.billedPerCheck),
      billed("the same at 500 calls/s, the first second included", 0.02, paced?.billedPerCheck ?? Number.NaN),
    ];
  });
}

function cold({ leases: { cold: rows } }: Raw): Target[] {
  return [...new Set(rows.map(({ algorithm }) => algorithm))].flatMap((algorithm): Target[] => {
    const [own, plain] = [true, false].map((leased) =>
      rows.find((row) => row.algorithm === algorithm && row.leases === leased),
    );
    if (!own || !plain) return [];
    const more = median(own.rounds.map((micros, i) => micros / (plain.rounds[i] ?? Number.NaN))) - 1;
    const cost = ({ billedCommands, bytesPerKey, bytesSent }: typeof own) =>
      `${number(billedCommands)}, ${number(bytesPerKey)}, ${number(bytesSent)}`;
    return [
      {
        what: `leases, cold keys, ${algorithm}: billed commands, bytes per key, bytes sent`,
        target: `${cost(plain)}, as without`,
        measured: cost(own),
        met: cost(own) === cost(plain),
        why: "Cold keys are asked for by other scripts: a bug.",
      },
      {
        what: "the same: server time by that without",
        target: "± 10 %",
        measured: `${more < 0 ? "−" : "+"}${percent(Math.abs(more))}`,
        met: Math.abs(more) <= 0.1,
        why: "They are the same scripts with the same arguments; what differs is the machine, from one round to the next.",
      },
    ];
  });
}
