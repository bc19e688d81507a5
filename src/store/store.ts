import type { Demand, State } from "../algorithm/algorithm.ts";
import type { Program } from "../algorithm/program.ts";
import type { Script } from "../algorithm/scripts.ts";

/** The arguments of a key's penalty, and the scripts that know it. */
export interface PenaltyRequest {
  readonly args: readonly (string | number)[];
  /** Takes off a reply what stands behind the counts: until when the key is blocked, as in `StepReply`. */
  read(numbers: unknown[]): number | undefined;
  readonly set: Script;
  readonly grants: Script;
}

/** What a step asks of a store. */
export interface StepRequest {
  readonly program: Program;
  /** What is asked of the key's penalty, where it has one. */
  readonly penalty?: PenaltyRequest;
  /** Where the state lies. */
  readonly key: string;
  /** The caller's clock, ms since the epoch. A store with a clock of its own ignores it. */
  readonly now: number;
  readonly demands: readonly Demand[];
}

/** What a step came to: the state after it if it is allowed, else before it. */
export interface StepReply {
  readonly allowed: boolean;
  readonly state: State;
  /** Set where a penalty blocks the key: until when, negative if that begins with this call. */
  readonly blockedUntil?: number | undefined;
}

/** A store in this process: it answers at once, and always. */
export interface LocalStore {
  readonly remote: false;
  /** Whose clock tells `now`: the limiter's or the store's own. */
  readonly clock: "limiter" | "store";
  step(request: StepRequest): StepReply;
  reset(key: string): void;
}

/** A store that has to be asked. Rejects with a `StoreError` and nothing else. */
export interface RemoteStore {
  readonly remote: true;
  /** Whose clock tells `now`: the limiter's or the store's own. */
  readonly clock: "limiter" | "store";
  /** Runs one step on the state of one key, atomically, at most once. Gives up, as far as it can, when `signal` aborts. */
  step(request: StepRequest, signal: AbortSignal): Promise<StepReply>;
  /** Runs a script on several keys at once, atomically, at most once. Left out where that can't be. */
  run?(script: Script, keys: readonly string[], args: string[], signal: AbortSignal): Promise<unknown>;
  /** Forgets the state of `key`. */
  reset(key: string, signal: AbortSignal): Promise<void>;
}

/**
 * Where state lives and steps run: made by `memoryStore`, `redisStore` or `regions`, and handed to limiters as it is. What it
 * consists of may change with any version, so it is not for stores of your own; for another client of Redis there is
 * `RedisClient`.
 */
export type Store = LocalStore | RemoteStore;
