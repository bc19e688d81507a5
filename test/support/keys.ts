import type { ChainableCommander, Redis } from "ioredis";
import type { Policy } from "../../src/algorithm/policy.ts";
import { type Program, programFor } from "../../src/algorithm/program.ts";
import type { Script } from "../../src/algorithm/scripts.ts";
import type { RemoteStore, StepRequest } from "../../src/store/store.ts";
import type { COUNTERS } from "./policies.ts";
import type { Random } from "./random.ts";
import { uniqueName } from "./redis.ts";

/** One key of one limiter: where calls keep its state, and where the scripts of its own policies keep the same. */
export interface Key {
  readonly program: Program;
  readonly policies: readonly Policy[];
  readonly place: string;
  readonly shadow: string;
}

type PolicyMaker = (typeof COUNTERS)[string];

/** With policies made by one or several of `makers`. */
export function randomKey(random: Random, makers: readonly PolicyMaker[]): Key {
  const many = random.pick([1, 1, 1, 1, 2, 3]);
  const policies = Array.from({ length: many }, (_, i) => {
    const window = random.pick([500, 1000, 7000, 60_000]);
    // Counts from 2^24 on have a form of their own.
    const limit = random.next() < 0.15 ? 40_000_000 : 1 + random.below(14);
    return random.pick(makers)({ name: `p${i}`, limit, window, burst: random.below(2 * limit) + 1 });
  });
  const place = uniqueName();
  return { policies, program: programFor(policies), place, shadow: `${place}:alone` };
}

export const evalsha = (
  transaction: ChainableCommander,
  { sha1 }: Script,
  keys: readonly string[],
  args: readonly string[],
) => transaction.evalsha(sha1, keys.length, ...keys, ...args);

/** The step of a single key on its shadow. */
export const stepShadow = (transaction: ChainableCommander, { shadow }: Key, { program, now, demands }: StepRequest) =>
  evalsha(transaction, program.script, [shadow], program.args(now, demands));

/** A store whose scripts run amid a transaction's other commands, so that for expiry all of them are at one time. */
export function amid(
  redis: Redis,
  before: (transaction: ChainableCommander) => unknown,
  after: (transaction: ChainableCommander) => unknown,
  replies: (of: readonly unknown[], script: unknown) => void,
): Pick<RemoteStore, "run"> {
  return {
    async run(script, keys, args) {
      const transaction = redis.multi();
      before(transaction);
      // The first command of a transaction is MULTI.
      const at = transaction.length - 1;
      evalsha(transaction, script, keys, args);
      after(transaction);
      const results = ((await transaction.exec()) ?? []).map(([error, value]) => {
        if (error) throw error;
        return value;
      });
      replies(results, results[at]);
      return results[at];
    },
  };
}

export const storeOf = (parts: Pick<RemoteStore, "run">): RemoteStore => ({
  remote: true,
  clock: "limiter",
  step: () => Promise.reject(new Error("one key at a time")),
  reset: () => Promise.reject(new Error("no reset")),
  ...parts,
});

export const numbersIn = (reply: unknown) => (reply as unknown[]).map(Number);

/** Makes a Redis know the scripts of these keys, and others. */
export async function load(redis: Redis, keys: readonly Key[], ...others: readonly Script[]) {
  const own = keys.flatMap(({ program: { script, set = script } }) => [script, set]);
  for (const { text } of [...others, ...own]) await redis.script("LOAD", text);
}
