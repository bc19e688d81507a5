import type { RuleMade } from "../world/history.ts";
import type { Incident, IncidentSite } from "../world/plan.ts";
import { bits, exponential, oneOf, type Stream, share } from "../world/random.ts";

/** Lets something happen again and again, with exponential gaps. */
function again(name: string, meanMs: number, draw: (site: IncidentSite, stream: Stream) => () => void): Incident {
  return {
    name,
    start(site, stream) {
      const wait = () => {
        const gapMs = exponential(stream) * meanMs;
        if (site.now + gapMs >= site.durationMs) return;
        site.later(gapMs, () => {
          site.happens(draw(site, stream));
          wait();
        });
      };
      wait();
    },
  };
}

/** A region and a database are cut off from each other, for up to `mostMs`. */
export function partitions(meanMs: number, mostMs: number): Incident {
  return again("partition", meanMs, (site, stream) => {
    const [region, database, forMs] = [
      oneOf(stream, site.regions),
      oneOf(stream, site.databases),
      share(stream) * mostMs,
    ];
    return () => {
      const end = site.change((weather, from, to) => (from === region && to === database ? undefined : weather));
      site.later(forMs, end);
    };
  });
}

export interface Storm {
  /** Latencies are multiplied by this. */
  readonly factor: number;
  /** Probability that a request is lost, and that a reply is. */
  readonly loss: number;
}

/** All ways to a database are slow and lossy, for up to `mostMs`. */
export function storms(meanMs: number, mostMs: number, { factor, loss }: Storm): Incident {
  return again("storm", meanMs, (site, stream) => {
    const [database, forMs] = [oneOf(stream, site.databases), share(stream) * mostMs];
    return () => {
      const end = site.change((weather, _region, to) => {
        if (to !== database) return weather;
        const { least, median, p99, most } = weather.latency;
        return {
          ...weather,
          latency: { least: least * factor, median: median * factor, p99: p99 * factor, most: most * factor },
          lostRequest: Math.max(loss, weather.lostRequest),
          lostReply: Math.max(loss, weather.lostReply),
        };
      });
      site.later(forMs, end);
    };
  });
}

/** A database restarts: its scripts are gone, and with `all` what it stored. */
export function restarts(meanMs: number, all: boolean): Incident {
  return again("restart", meanMs, (site, stream) => {
    const database = oneOf(stream, site.databases);
    return () => site.lose(database, all);
  });
}

/** An operator puts other rules in place of a database's; `draw` makes them, given the database's time. */
export function operators(
  database: string,
  meanMs: number,
  draw: (stream: Stream, now: number) => readonly RuleMade[],
): Incident {
  return again("operator", meanMs, (site, stream) => {
    const own = { state: bits(stream) };
    return () => site.rule(database, (now) => draw(own, now));
  });
}
