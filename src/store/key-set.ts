import { type Demand, onlyLook } from "../algorithm/algorithm.ts";
import { argsOfAll, type Program } from "../algorithm/program.ts";
import { keySet, type Script } from "../algorithm/scripts.ts";
import { step } from "../algorithm/step.ts";
import { StoreError } from "../core/errors.ts";
import { noReply, stepReply } from "./step-reply.ts";
import type { LocalStore, PenaltyRequest, RemoteStore, StepReply, StepRequest } from "./store.ts";

/** What a verdict over several keys came to: for each the state after it if all are allowed, else before it. */
export interface KeySetReply {
  readonly allowed: boolean;
  /** In the order of the requests. Of a denied set `allowed` tells whether this key alone would have been. */
  readonly replies: readonly StepReply[];
}

/** All of the requests take, or none does, in a store of this process. */
export function stepAll(store: LocalStore, requests: readonly StepRequest[]): KeySetReply {
  const replies = requests.map((request) => verdictAlone(request, store.step(looking(request))));
  const allowed = replies.every((reply) => reply.allowed);
  return {
    allowed,
    replies: requests.map((request, i) => {
      const looked = replies[i] as StepReply;
      if (allowed) return { ...store.step(request), allowed };
      // A denial may be a strike.
      return looked.allowed || !request.penalty ? looked : store.step(request);
    }),
  };
}

/**
 * The same in a store that has to be asked; throws a `StoreError` for a reply that makes no sense. Where a Redis Cluster refuses
 * the keys, that is the answer, as a `StoreError`: the store is well, and other calls' keys may be right.
 */
export async function askAll(
  store: RemoteStore,
  requests: readonly StepRequest[],
  signal: AbortSignal,
): Promise<KeySetReply | StoreError> {
  const ownClock = store.clock === "store";
  const now = ownClock ? -1 : (requests[0]?.now ?? 0);
  const args = requests.flatMap(({ program, demands, penalty }) => {
    const { algorithms } = program;
    const own = algorithms[0]?.code === "n" ? [demands[0]?.id ?? ""] : [];
    const all = [algorithms.length, sizeOf(program), ...argsOfAll(algorithms, demands), ...own];
    return [...(penalty?.args ?? []), ...all].map(String);
  });
  const keys = requests.map(({ key }) => key);
  const script = penaltyOf(requests)?.set ?? scriptFor(requests);
  const reply = await store.run?.(script, keys, [`${now}`, ...args], signal).catch(keysRefused);
  if (reply instanceof StoreError) return reply;
  const numbers: unknown[] = Array.isArray(reply) ? [...reply] : [];
  const allowed = Number(numbers.shift()) === 1;
  const replies = requests.map((request): StepReply => {
    const state = numbers.splice(0, 1 + sizeOf(request.program));
    const blockedUntil = request.penalty?.read(numbers);
    if (allowed) return stepReply(request, [1, ...state], ownClock);
    return verdictAlone(request, { ...stepReply(looking(request), [0, ...state], ownClock), blockedUntil });
  });
  const contradicts = !allowed && replies.every((reply) => reply.allowed);
  if (numbers.length > 0 || contradicts) {
    throw noReply();
  }
  return { allowed, replies };
}

/** The one script that knows all of them: each that knows more is longer, since it has all that the others have. */
function scriptFor(requests: readonly StepRequest[]): Script {
  return requests.reduce<Script>((most, { program: { set = most } }) => {
    return set.text.length > most.text.length ? set : most;
  }, keySet);
}

/** How many counts a state holds. */
export function sizeOf({ algorithms }: Program): number {
  return algorithms.reduce((sum, { size }) => sum + size, 0);
}

/** The same request, which only looks; one that admits nothing does so already. */
export function looking(request: StepRequest): StepRequest {
  const look = (demand: Demand) => (demand.ceiling < 0 ? demand : { ...demand, ceiling: onlyLook(demand.ceiling) });
  const { program, demands } = request;
  return { ...request, program: program.look ?? program, demands: demands.map(look) };
}

/** The penalty of one of the keys, if there is one: the script is the same for all. */
export function penaltyOf(requests: readonly StepRequest[]): PenaltyRequest | undefined {
  return requests.find(({ penalty }) => penalty)?.penalty;
}

/** What a look saw, with the verdict that the request alone would get. */
export function verdictAlone({ program, demands }: StepRequest, looked: StepReply): StepReply {
  const { state, blockedUntil } = looked;
  if (blockedUntil) return looked;
  const { algorithms } = program;
  const [at, ...counts] = state;
  const allowed = algorithms[0]?.admits?.(counts, demands[0] as Demand) ?? step(algorithms, state, at, demands).allowed;
  return { allowed, state };
}

/** What a Redis Cluster says of keys that it has in several places, in words that say which keys it takes; throws all else. */
export function keysRefused(error: unknown): StoreError {
  if (!(error instanceof StoreError) || error.code !== "CROSSSLOT") throw error;
  const text =
    'On a Redis Cluster all keys of a call must have one hash tag, as in "{acme}" and "{acme}/ml": CROSSSLOT';
  return new StoreError("reply", text, error.code);
}
