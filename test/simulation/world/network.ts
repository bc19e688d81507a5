import type { Database } from "../redis/database.ts";
import type { Owner } from "./isolate.ts";
import { chance, type Stream, share } from "./random.ts";

/** One-way times by their quantiles, in ms; what lies between is spread evenly. */
export interface Latency {
  readonly least: number;
  readonly median: number;
  readonly p99: number;
  readonly most: number;
}

/** How a way between isolates and a database behaves. */
export interface Weather {
  readonly latency: Latency;
  /** Probabilities of what becomes of a request: it never arrives; its reply never does; the connection breaks. */
  readonly lostRequest: number;
  readonly lostReply: number;
  readonly resetBefore: number;
  readonly resetAfter: number;
}

/** What a database says: a reply or an error. */
export type Answer = { readonly reply: unknown } | { readonly error: unknown };

/** Something that a database is asked, by somebody who hears of it or not. */
export interface Packet {
  readonly owner: Owner;
  readonly database: Database;
  /** Carries out the command there. */
  execute(): Answer;
  resolve(reply: unknown): void;
  reject(error: unknown): void;
}

/** What brings packets to a database and replies back. A packet is never carried out twice. */
export interface Network {
  send(packet: Packet): void;
}

/** What a network needs of the world. */
export interface NetworkWorld {
  later(delayMs: number, run: () => void): void;
  laterFor(owner: Owner, delayMs: number, run: () => void): unknown;
  /** The weather between a region and a database right now; undefined: they are cut off from each other. */
  weather(region: string, database: string): Weather | undefined;
}

/** A network with latencies and faults by chance. Each packet goes its own way, so one overtakes another. */
export function createNetwork(world: NetworkWorld): Network {
  return {
    send({ owner, database, execute, resolve, reject }) {
      const { isolate, call } = owner;
      const stream = call?.stream ?? isolate.stream;
      const weather = world.weather(isolate.region, database.name);
      // Cut off: as a connection that nobody answers on.
      if (!weather || chance(stream, weather.lostRequest)) return;
      const thereMs = drawn(stream, weather.latency);
      const breaks = () => reject(new TypeError("fetch failed"));
      if (chance(stream, weather.resetBefore)) {
        world.laterFor(owner, thereMs, breaks);
        return;
      }
      world.later(thereMs, () => {
        const answer = execute();
        const back = world.weather(isolate.region, database.name);
        if (!back || chance(stream, back.lostReply)) return;
        const breaksNow = chance(stream, back.resetAfter);
        world.laterFor(owner, drawn(stream, back.latency), () => {
          if (breaksNow) breaks();
          else if ("reply" in answer) resolve(answer.reply);
          else reject(answer.error);
        });
      });
    },
  };
}

export function drawn(stream: Stream, { least, median, p99, most }: Latency): number {
  const place = share(stream);
  if (place < 0.5) return least + (median - least) * (place / 0.5);
  if (place < 0.99) return median + (p99 - median) * ((place - 0.5) / 0.49);
  return p99 + (most - p99) * ((place - 0.99) / 0.01);
}
