import {
  createLimiter,
  fixedWindow,
  type LimiterOptions,
  memoryStore,
  type Policy,
  type Store,
  StoreError,
} from "sluice";

/** A clock that only moves when told to. */
export function passedClock(start = 1_000_000_000_000) {
  let now = start;
  return {
    now: () => now,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

/** A limiter on a memory store and its clock; by default two requests a minute. */
export function limiterOf(
  policies: readonly Policy[] = [fixedWindow({ name: "pair", limit: 2, window: "1 m" })],
  options: Partial<LimiterOptions> = {},
) {
  const clock = passedClock();
  return {
    clock,
    limiter: createLimiter({ name: "test", store: memoryStore(), policies, now: clock.now, ...options }),
  };
}

/** A store that can't be reached. */
export const brokenStore: Store = {
  remote: true,
  clock: "limiter",
  step: () => Promise.reject(new StoreError("network", "out of reach")),
  reset: () => Promise.reject(new StoreError("network", "out of reach")),
};

/** The response's headers, but for those that every response has. */
export function fields(response: Response): Record<string, string> {
  const { "content-type": _type, ...rest } = Object.fromEntries(response.headers);
  return rest;
}
