import { randomFrom } from "../lib/random.ts";
import type { Quota } from "../subjects/subject.ts";

/** One request: when, in ms from the start, and whose. */
export interface Arrival {
  readonly at: number;
  readonly key: string;
}

export interface Traffic {
  readonly name: string;
  /** In order of time. */
  readonly arrivals: readonly Arrival[];
}

/** The same traffic for every library and in every run. */
const SEED = 20_261_121;

/** Kinds of traffic, each against the same quota, over `windows` windows. */
export function traffics({ limit, windowMs }: Quota, windows: number): Traffic[] {
  const random = randomFrom(SEED);
  const length = windows * windowMs;
  const perMs = limit / windowMs;
  /** Arrivals without memory at `rate` per ms from `from` to `to`. */
  const poisson = (key: string, rate: number, from = 0, to = length): Arrival[] => {
    const arrivals: Arrival[] = [];
    for (let at = from; ; ) {
      at += -Math.log(1 - random()) / rate;
      if (at >= to) return arrivals;
      arrivals.push({ at: Math.floor(at), key });
    }
  };
  const callers = (count: number, traffic: (key: string) => Arrival[]) =>
    Array.from({ length: count }, (_caller, i) => traffic(`caller-${i}`)).flat();
  /** `count` requests spread over `spreadMs`. */
  const volley = (key: string, from: number, count: number, spreadMs: number): Arrival[] =>
    Array.from({ length: count }, () => ({ at: Math.floor(from + random() * spreadMs), key }));

  // As many callers at each order of magnitude, from a tenth of the limit.
  const mixed = (count: number, most: number) =>
    callers(count, (key) => poisson(key, perMs * 0.1 * (most * 10) ** random()));

  return [
    { name: "Poisson, to 0.8 of the limit", arrivals: mixed(20, 0.8) },
    { name: "Poisson, to twice the limit", arrivals: mixed(10, 2) },
    {
      name: "bursts",
      arrivals: callers(12, (key) =>
        poisson(key, 1 / windowMs).flatMap(({ at }) => volley(key, at, Math.ceil(limit * random()), windowMs / 20)),
      ).filter(({ at }) => at < length),
    },
    {
      name: "flash crowd",
      arrivals: callers(6, (key) => [
        ...poisson(key, perMs * 0.3),
        ...poisson(key, perMs * 3, length / 3, (length * 2) / 3),
      ]),
    },
    {
      // Every caller at the top of each window, as cron jobs are.
      name: "synchronized herd",
      arrivals: callers(6, (key) =>
        Array.from({ length: windows }, (_window, i) =>
          volley(key, i * windowMs, Math.ceil(limit * 1.5), windowMs / 50),
        ).flat(),
      ),
    },
    {
      name: "attacker polling",
      arrivals: Array.from({ length: windows * 1000 }, (_poll, i) => ({ at: (i * windowMs) / 1000, key: "attacker" })),
    },
  ].map(({ name, arrivals }) => ({ name, arrivals: arrivals.toSorted((a, b) => a.at - b.at) }));
}
