import type { Decision } from "../../../src/core/decision.ts";
import type { PeriodName } from "../../support/calendars.ts";

// What happens in a world, as plain data: all that judges see of it.

export type Kind = "bucket" | "sliding" | "fixed" | "log" | "parts" | "calendar";

/** A policy by its definition's numbers. */
export interface PolicyRule {
  readonly kind: Kind;
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  /** For a bucket; else the limit. */
  readonly burst: number;
  /** Of a window in parts: how many. */
  readonly parts?: number;
  /** Of a period of the calendar, whose `windowMs` is only its usual length: which, and where. */
  readonly calendar?: readonly [period: PeriodName, timeZone: string];
}

/** A penalty by its numbers, times in ms. */
export interface PenaltyRule {
  readonly after: number;
  readonly within: number;
  readonly length: number;
  readonly factor: number;
  readonly most: number;
}

/** A rule as an operator makes it: for one key, or those that fit a pattern, of one limiter or all. */
export interface RuleMade {
  readonly what: "allow" | "block" | "limit";
  /** Of a `"limit"`: the limits by policy. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly limiter?: string;
  readonly key?: string;
  readonly pattern?: string;
  /** When it ends, ms since the epoch by the isolate's clock, whole seconds; left out: never. */
  readonly until?: number;
}

/** What a limiter of work in flight promises, and how far clocks are apart. */
export interface WorkRule {
  /** The limiter's name, with which its keys begin. */
  readonly name: string;
  readonly limit: number;
  readonly holdMs: number;
  /** How far an isolate's clock is ahead of the database's at most, in ms; `Infinity`: nothing is said of when a leak is over. */
  readonly aheadMs: number;
}

/** A limiter by what it promises. */
export interface LimiterRule {
  readonly name: string;
  /** The database that it asks. */
  readonly database: string;
  readonly policies: readonly PolicyRule[];
  /** Whose clock counts. */
  readonly clock: "isolate" | "redis";
  readonly timeoutMs: number;
  readonly failureMode: "open" | "closed" | "memory";
  /** Undefined: none are kept. */
  readonly snapshots: { readonly maxKeys: number; readonly maxAgeMs: number } | undefined;
  readonly breaker: boolean;
  /** Left out: it takes nothing ahead. */
  readonly leases?: { readonly maxMs: number };
  /** Left out: it blocks nobody. Times in ms. */
  readonly penalty?: PenaltyRule;
  /** Where operators' rules for it are, and how often an isolate looks for changes, in ms; left out: it has none. */
  readonly rules?: { readonly database: string; readonly refreshMs: number };
  /** The parts of it that databases hold, each of which has the database's name for its region; left out: one database has all. */
  readonly regions?: readonly LimiterRule[];
  /** How it is split over them, by region. */
  readonly shares?: Readonly<Record<string, number>>;
  /** Other limiters that it decides together, in one verdict; left out: it is one itself. */
  readonly levels?: readonly LimiterRule[];
  /** Other limiters, alone or several as one, that it asks in order, until one admits; left out: it is one itself. */
  readonly members?: readonly LimiterRule[];
}

export type Operation = "consume" | "peek" | "refund" | "charge" | "wait" | "reset" | "reserve" | "settle" | "block";

/** What the caller of an admitted call does with it afterwards. */
export interface Afterwards {
  /** Settles its reservation, or gives back units, or books more, and tells since when it has what it took. */
  readonly operation: "settle" | "refund" | "charge";
  readonly afterMs: number;
  /** Units really used, given back, or booked besides. */
  readonly units: number;
  /** How often it settles, at once: more than once is one too many. */
  readonly times: number;
  /** Of a reservation: what nobody has settled within so many ms of its answer, by its isolate's clock, goes back with its scope. Left out: it is spent. */
  readonly withinMs?: number | undefined;
  /** It is not settled: its scope ends then. */
  readonly endsScope?: boolean | undefined;
  /** Gives back on an isolate in that place, counted as a share of all; undefined: on its own. A reservation is settled where it is. */
  readonly where: number | undefined;
}

/** Somebody asks for the same piece of work by its name, whatever has become of it. */
export interface Again {
  /** Ms after it arrived first. */
  readonly afterMs: number;
  readonly cost: number;
  /** On an isolate in that place, counted as a share of all; undefined: in the same place. */
  readonly where: number | undefined;
}

/** What a caller wants. */
export interface Action {
  readonly limiter: LimiterRule;
  readonly operation: Operation;
  /** For several limiters together, also among some that are asked in order: their keys in one text, only to be read. */
  readonly key: string;
  /** For these: the key of each, in their order. */
  readonly keys?: readonly string[] | undefined;
  readonly cost: number;
  /** What it costs of each policy, by name, where that differs; `cost` is then that of the first. Left out: as much of all. */
  readonly costs?: Readonly<Record<string, number>> | undefined;
  /** For `wait`: how long; for `consume` of a bucket: the longest delay accepted; for `block`: for how long. */
  readonly waitMs: number;
  /** After so many ms the caller goes away; undefined: it stays. */
  readonly leavesAfterMs: number | undefined;
  /** A denied caller of such patience comes back as soon as it was told to. */
  readonly comesBack: boolean;
  /** Left out: nothing. */
  readonly afterwards?: Afterwards | undefined;
  /** Of a piece of work that has a name: when it is asked for again. Left out: it has none. */
  readonly again?: readonly Again[] | undefined;
  /** For `settle`: it is the end of the reservation's scope. */
  readonly endsScope?: boolean | undefined;
}

/** A call that was made. */
export interface CallMade extends Action {
  readonly id: number;
  /** The call whose denial told its caller to come back now. */
  readonly follows: number | undefined;
  /** The call whose cost it books otherwise, or gives back, or whose piece of work it asks for again. */
  readonly of?: CallMade | undefined;
  readonly isolate: number;
}

/** What a script did to one key, in the words of its arguments and its reply. */
export interface KeyStep {
  readonly key: string;
  /** The time that it was given, ms: the caller's, or the database's own. */
  readonly now: number;
  /** For each policy what was asked to be added, in the algorithm's units, negative to give back. */
  readonly deltas: readonly number[];
  /** Of what is given back: when it was taken, where the call says so. */
  readonly sinces: readonly (number | undefined)[];
  /** For each policy the most that may be in use; below 0 it only looked. */
  readonly ceilings: readonly number[];
  readonly allowed: boolean;
  /** Whether it went on from what was stored; false where nothing was, or no longer counted. */
  readonly continued: boolean;
  /** Whether it wrote or removed what is stored. */
  readonly wrote: boolean;
  /** Whether what it wrote has a new end. */
  readonly renewed: boolean;
  /** Ms that what was stored had still to live; undefined where nothing was. */
  readonly leftMs: number | undefined;
  /** When what is stored now ends, by the database's clock; undefined where nothing is. */
  readonly endsAt: number | undefined;
  /** Units of the first policy that were taken for the call, granted on top, and that came back. */
  readonly lease?: { readonly own: number; readonly granted: number; readonly back: number };
  /** Of a key with a penalty: what the call is to that, and when the block ends that it told of, below 0 if it has begun it; 0: none. */
  readonly penalty?: {
    readonly task: "strike" | "look" | "book" | "block";
    readonly blockedUntil: number;
    /** Ms that all of the key had still to live: `leftMs` is of its counts alone. */
    readonly leftMs: number | undefined;
    /** Whether the key has a new end, be it that only what is kept of the penalty was written. */
    readonly renewed: boolean;
  };
}

/** One thing that happened. `at` is the true time, in ms since the world's start. */
export type Happening =
  | { readonly type: "born" | "frozen" | "thawed" | "killed"; readonly at: number; readonly isolate: number }
  | { readonly type: "clock"; readonly at: number; readonly isolate: number; readonly byMs: number }
  /** `now` is the isolate's clock. */
  | { readonly type: "called"; readonly at: number; readonly call: CallMade; readonly now: number }
  | {
      readonly type: "sent";
      readonly at: number;
      readonly call: CallMade;
      readonly command: string;
      readonly keys: readonly string[];
    }
  /** A command has run. `now` is the database's clock; without steps it failed or removed a key. */
  | {
      readonly type: "executed";
      readonly at: number;
      readonly call: CallMade;
      readonly command: string;
      readonly database: string;
      readonly now: number;
      /** What was to run, by digest or text. */
      readonly script: string;
      readonly keys: readonly string[];
      readonly args: readonly string[];
      readonly reply: unknown;
      readonly steps: readonly KeyStep[];
      readonly error: string | undefined;
    }
  /** The isolate has the reply. */
  | {
      readonly type: "replied";
      readonly at: number;
      readonly call: CallMade;
      readonly keys: readonly string[];
      readonly failed: boolean;
    }
  | {
      readonly type: "answered";
      readonly at: number;
      readonly call: CallMade;
      readonly now: number;
      /** Undefined for a reset. */
      readonly decision: Decision | undefined;
      /** Timers of the call that are still set, and work that the platform was told to wait for. */
      readonly timers: number;
      readonly tasks: number;
    }
  | {
      readonly type: "rejected";
      readonly at: number;
      readonly call: CallMade;
      readonly reason: string;
      readonly timers: number;
      readonly tasks: number;
    }
  /** A caller begins to give back its place, by an answer that `source` gave. */
  | { readonly type: "released"; readonly at: number; readonly call: CallMade; readonly source: Decision["source"] }
  /** A database has lost what it stored, or only its scripts. */
  | { readonly type: "lost"; readonly at: number; readonly database: string; readonly all: boolean }
  /** An operator has put these in place of a database's rules. */
  | { readonly type: "ruled"; readonly at: number; readonly database: string; readonly rules: readonly RuleMade[] }
  /** Units that were debited before, spent without asking. */
  | {
      readonly type: "spent";
      readonly at: number;
      readonly call: CallMade;
      readonly database: string;
      readonly now: number;
      readonly units: number;
    }
  | { readonly type: "ended"; readonly at: number };

export type Tell = (happening: Happening) => void;
