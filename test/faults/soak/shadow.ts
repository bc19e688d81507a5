/** A token bucket by the book, to count what was admitted against it. */
export interface Shadow {
  /**
   * Takes one token at `at` ms; false if there was none to take. `tookMs` is how long the call was under way: what was
   * in use has expired if it was to drain meanwhile, since Redis forgets by its own clock.
   */
  admit(at: number, tookMs: number): boolean;
}

/** `limit` tokens per `windowMs`, `limit` at once; full at first. Whole numbers: one token is `windowMs` units. */
export function createShadow(limit: number, windowMs: number): Shadow {
  let used = 0;
  let seen = 0;
  return {
    admit(at, tookMs) {
      const left = used - (at - seen) * limit;
      used = (left > tookMs * limit ? left : 0) + windowMs;
      seen = at;
      return used <= limit * windowMs;
    },
  };
}
