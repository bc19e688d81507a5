import type { Demand } from "../algorithm/algorithm.ts";
import { numbersOf } from "../algorithm/program.ts";
import { grants, type Script } from "../algorithm/scripts.ts";
import { StoreError } from "../core/errors.ts";
import { keysRefused, looking, penaltyOf, sizeOf, verdictAlone } from "./key-set.ts";
import { noReply, stepReply } from "./step-reply.ts";
import type { RemoteStore, StepReply, StepRequest } from "./store.ts";

/** A step that may take more than the call needs, and brings back what was taken before and not used. */
export interface GrantRequest extends StepRequest {
  /** The most calls like this one that may be taken for beside it, from 0. */
  readonly spare: number;
  /** What comes back to each policy, in the units of its demand. */
  readonly back: readonly number[];
  /** The store's time as of which that was taken. */
  readonly since: number;
  /** The script to be run, where the usual ones don't know all of the algorithms. */
  readonly script?: Script;
}

/** What became of one. */
export interface GrantReply extends StepReply {
  readonly request: StepRequest;
  /** How many calls like this one were taken for beside it, from 0 to `spare`. */
  readonly granted: number;
}

/** What several became; of a denied set `allowed` tells whether this key alone would have been. */
export interface GrantsReply {
  readonly allowed: boolean;
  readonly replies: readonly GrantReply[];
}

/**
 * Runs steps on several keys, of which all take or none does, and grants what each asks for beside it as far as there is
 * room: to each a quarter of it at most. Throws a `StoreError` for a reply that makes no sense.
 */
export async function askGrants(
  store: RemoteStore,
  requests: readonly (StepRequest & Partial<GrantRequest>)[],
  signal: AbortSignal,
): Promise<GrantsReply | StoreError> {
  const ownClock = store.clock === "store";
  const now = ownClock ? -1 : (requests[0]?.now ?? 0);
  const args = requests.flatMap(({ program, demands, penalty, spare = 0, back = [], since = 0 }) => [
    ...(penalty?.args ?? []),
    ...[program.algorithms.length, sizeOf(program), spare, since],
    ...program.algorithms.flatMap(({ code }, i) => [code, ...numbersOf(demands[i] as Demand), back[i] ?? 0]),
  ]);
  const keys = requests.map(({ key }) => key);
  const script = requests.find(({ script }) => script)?.script ?? penaltyOf(requests)?.grants ?? grants;
  const reply = await store.run?.(script, keys, [now, ...args].map(String), signal).catch(keysRefused);
  if (reply instanceof StoreError) return reply;
  const numbers: unknown[] = Array.isArray(reply) ? [...reply] : [];
  const allowed = Number(numbers.shift()) === 1;
  const replies = requests.map((request): GrantReply => {
    const granted = Number(numbers.shift());
    const state = numbers.splice(0, 1 + sizeOf(request.program));
    const blockedUntil = request.penalty?.read(numbers);
    if (!(granted >= 0 && granted <= (allowed ? (request.spare ?? 0) : 0))) throw noReply();
    const whole = timesOf(request, 1 + granted);
    if (allowed) return { ...stepReply(whole, [1, ...state], ownClock), request, granted };
    const looked = { ...stepReply(looking(request), [0, ...state], ownClock), blockedUntil };
    return { ...verdictAlone(request, looked), request, granted: 0 };
  });
  if (numbers.length > 0 || (!allowed && replies.every((reply) => reply.allowed))) throw noReply();
  return { allowed, replies };
}

/** The same request for so many calls. */
function timesOf(request: StepRequest, calls: number): StepRequest {
  if (calls === 1) return request;
  return { ...request, demands: request.demands.map((demand) => ({ ...demand, delta: demand.delta * calls })) };
}
