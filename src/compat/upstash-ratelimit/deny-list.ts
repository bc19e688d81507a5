import { createGenerations } from "../../store/generations.ts";
import { redisStore } from "../../store/redis.ts";
import { type Guard, guardAsked, newGuard } from "./guard.ts";
import { updateIpDenyList } from "./ip-deny-list.ts";
import type { LimitOptions } from "./options.ts";
import { clientOf, type Redis } from "./redis.ts";

/** What this isolate found on the list is denied without a request for so long. */
const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 1000;

/** The deny list of one limiter, with what this isolate has seen of it. */
export interface DenyList {
  /** What a check is to look up. */
  guardFor(identifier: string, options: LimitOptions | undefined): Guard;
  /** A value of the guard that was found on the list lately. */
  remembered(guard: Guard): string | undefined;
  /** Looks up what a guard names by a request of its own. */
  ask(guard: Guard): Promise<void>;
  /** Takes in what a guard found; the work that follows may end behind the response. */
  noted(guard: Guard): Promise<unknown>[];
}

/** No list: nothing is looked up. */
export const NO_DENY_LIST: DenyList = {
  guardFor: () => newGuard(),
  remembered: () => undefined,
  ask: async () => {},
  noted: () => [],
};

export function denyListOf(redis: Redis, prefix: string, threshold: number): DenyList {
  const store = redisStore(clientOf(redis));
  const deniedUntil = createGenerations<number>(MOST_REMEMBERED);

  return {
    guardFor: (identifier, { ip, userAgent, country } = {}) =>
      newGuard([identifier, ip, userAgent, country].filter((value): value is string => !!value)),
    remembered: ({ values }) => values.find((value) => (deniedUntil.get(value) ?? 0) > Date.now()),
    // Who asks has a deadline of its own.
    ask: (guard) => guardAsked(store, prefix, guard, new AbortController().signal),
    noted(guard) {
      for (const value of guard.found) deniedUntil.set(value, Date.now() + REMEMBERED_MS);
      // A list that could not be fetched is due again in 30 s.
      return guard.fetch ? [updateIpDenyList(redis, prefix, threshold).catch(() => {})] : [];
    },
  };
}
