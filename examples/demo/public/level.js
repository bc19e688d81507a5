// What is left of one quota, known at one moment and worked out for the moments after it.

/**
 * @typedef {object} Reading
 * @property {number | undefined} level what is left; undefined while nobody knows
 * @property {number} capacity
 * @property {number | undefined} retryAfterMs until one more passes; undefined while that is yet to be asked
 * @property {number} resetAfterMs
 */

/**
 * A gauge to be set by decisions and read at any time.
 * @param {boolean} flows whether the quota flows in continuously, as into a bucket, and can be read between whole numbers
 */
export function createLevel(flows) {
  let seen;
  let capacity = 10;

  return {
    /** @param decision a decision, or the part of one that is known: { remaining, retryAfterMs, policies } */
    set(decision, at) {
      seen = { decision, at };
      // Where nobody knows the counts, the quota itself is still what it was.
      capacity = decision.policies?.[0]?.burst ?? capacity;
    },
    clear() {
      seen = undefined;
    },
    /** @returns {Reading | undefined} nothing before the first decision */
    read(now) {
      if (!seen) return undefined;
      const { decision, at } = seen;
      const policy = decision.policies?.[0];
      const passed = now - at;
      let retryAfterMs = Math.max(0, decision.retryAfterMs - passed);
      if (!policy) return { level: undefined, capacity, retryAfterMs, resetAfterMs: 0 };
      const resetAfterMs = Math.max(0, policy.resetAfterMs - passed);
      // Once the wait is over there is room for one at least.
      const least = decision.retryAfterMs > 0 && retryAfterMs === 0 ? 1 : 0;
      const level = flows
        ? policy.burst - (resetAfterMs * policy.limit) / policy.windowMs
        : Math.max(least, policy.remaining);
      // Who took the last one was not told when the next passes. A bucket's flow tells.
      if (level < 1 && retryAfterMs === 0) {
        retryAfterMs = flows ? ((1 - level) * policy.windowMs) / policy.limit : undefined;
      }
      return { level, capacity, retryAfterMs, resetAfterMs };
    },
  };
}
