import type { Demand } from "../algorithm/algorithm.js";
import type { Program } from "../algorithm/program.js";
import type { State } from "../algorithm/step.js";

/** What a step asks of a store. */
export interface StepRequest {
  readonly program: Program;
  /** Where the state lies; the store may hash it. */
  readonly key: string;
  /** The caller's clock, ms since the epoch. A store with a clock of its own ignores it. */
  readonly now: number;
  readonly demands: readonly Demand[];
  /** Ends the wait: the store gives up, as far as it can, and rejects. */
  readonly signal?: AbortSignal;
}

/** What a step came to: the state after it if it is allowed, else before it. */
export interface StepReply {
  readonly allowed: boolean;
  readonly state: State;
}

/** Where state lives and steps run. Rejects with a `StoreError` and nothing else. */
export interface Store {
  /** Whose clock tells `now`: the limiter's or the store's own. */
  readonly clock: "limiter" | "store";
  /** Runs one step on the state of one key, atomically, at most once. */
  step(request: StepRequest): Promise<StepReply>;
  /** Forgets the state of `key`. */
  reset(key: string, signal?: AbortSignal): Promise<void>;
}
