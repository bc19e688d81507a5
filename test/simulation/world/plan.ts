import type { Decision } from "../../../src/core/decision.ts";
import type { Limiter } from "../../../src/limiter/limiter.ts";
import type { RedisClient } from "../../../src/store/redis-client.ts";
import type { Twin } from "../redis/twin.ts";
import type { Action, LimiterRule, RuleMade, WorkRule } from "./history.ts";
import type { Callable } from "./isolate.ts";
import type { Weather } from "./network.ts";
import type { Stream } from "./random.ts";

/** A world before it runs: everything that is in it. A run follows from a plan and a seed. */
export interface Plan {
  readonly name: string;
  /** Traffic and faults end then, in ms; what is under way goes on to its end. */
  readonly durationMs: number;
  readonly databases: readonly DatabasePlan[];
  /** The twins of the scripts that its databases know. Default: today's. */
  readonly twins?: readonly Twin[];
  readonly population: Population;
  readonly limiters: readonly LimiterRule[];
  /** Makes an isolate's limiter for a rule. Default: today's `createLimiter` on `redisStore`. */
  readonly limiterOf?: LimiterMaker;
  /** Makes one of several of an isolate's limiters, which are made by then. Default: today's `allOf`. */
  readonly setOf?: SetMaker;
  /** Makes one that asks several of an isolate's limiters in order. Default: today's `anyOf`. */
  readonly orderOf?: SetMaker;
  /** What its limiter of work in flight promises, if it has one. */
  readonly work?: WorkRule;
  /** How far its clocks are from each other at most, in ms, where a judge has to know. */
  readonly apartMs?: number;
  readonly weather: (region: string, database: string) => Weather;
  readonly traffic: readonly Source[];
  readonly incidents: readonly Incident[];
}

export interface DatabasePlan {
  readonly name: string;
  /** How far its clock is ahead, in ms. */
  readonly offsetMs: number;
  readonly takesFlags: boolean;
}

export interface Population {
  readonly isolates: number;
  /** Isolates are spread over these. */
  readonly regions: readonly string[];
  /** Mean life in ms; `Infinity`: they stay. */
  readonly meanLifeMs: number;
  /** Until another isolate takes the place of one that ended, at most, in ms. */
  readonly gapMs: number;
  /** Each freezes so often, on average, and for up to so long; `Infinity`: never. */
  readonly meanFreezeEveryMs: number;
  readonly freezeMs: number;
  /** How far a new isolate's clock is ahead, and at which pace it runs. */
  readonly clock: (stream: Stream) => { readonly offsetMs: number; readonly pace: number };
  /** Each clock jumps so often, on average; `Infinity`: never. By how many ms: */
  readonly meanJumpEveryMs: number;
  readonly jump: (stream: Stream) => number;
  /** Shares of isolates: whose requests end with their answer; without `waitUntil`; whose client can't end a request. */
  readonly workers: number;
  readonly noWaitUntil: number;
  readonly deafClients: number;
}

export interface LimiterParts {
  readonly rule: LimiterRule;
  /** The isolate's client of a database: always the same one. */
  readonly client: (database: string) => RedisClient;
  /** Where the isolate is. */
  readonly region: string;
  /** All regions as near as they are from there, the nearest first. Left out: its own, and the others in their order. */
  readonly near?: readonly string[];
  /** Tells the platform to wait for work; undefined on an isolate whose platform has no such thing. */
  readonly waitUntil: ((task: Promise<unknown>) => void) | undefined;
  /** Told that the caller of the call under way gives back a place that it has by an answer of `source`. Left out: nobody is. */
  readonly givesBack?: (source: Decision["source"]) => void;
}

export type LimiterMaker = (parts: LimiterParts) => Limiter;

export type SetMaker = (
  limiters: Readonly<Record<string, Limiter>>,
  parts: Pick<LimiterParts, "rule" | "waitUntil" | "givesBack">,
) => Callable;

/** Where calls come from. Must not depend on what becomes of them, so that a call can be left out and all others stay. */
export interface Source {
  readonly name: string;
  start(site: Site, stream: Stream): void;
}

export interface Site {
  /** Ms since the world's start. */
  readonly now: number;
  readonly durationMs: number;
  /** How many places for isolates there are. */
  readonly slots: number;
  later(delayMs: number, run: () => void): void;
  /** A call arrives at the isolate that is in that place, if there is one. */
  arrive(action: Action, slot: number): void;
}

/** Something that befalls the world. */
export interface Incident {
  readonly name: string;
  start(site: IncidentSite, stream: Stream): void;
}

export interface IncidentSite {
  readonly now: number;
  readonly durationMs: number;
  readonly regions: readonly string[];
  readonly databases: readonly string[];
  later(delayMs: number, run: () => void): void;
  /** Lets it happen, unless it is left out of this run. */
  happens(run: () => void): void;
  /** Changes the weather until the returned function is called; undefined in place of weather cuts off. */
  change(by: (weather: Weather, region: string, database: string) => Weather | undefined): () => void;
  /** An operator puts other rules in place of a database's; `makes` gets the database's time. */
  rule(database: string, makes: (now: number) => readonly RuleMade[]): void;
  /** A database loses its scripts, and if `all`, what it stores. */
  lose(database: string, all: boolean): void;
}
