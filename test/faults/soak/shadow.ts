/** A token bucket by the book, to count what was admitted against it. */
export interface Shadow {
  /** Takes one token at `at` ms; false if there was none to take. */
  admit(at: number): boolean;
}

/** `limit` tokens per `windowMs`, `limit` at once; full at first. Whole numbers: one token is `windowMs` units. */
export function createShadow(limit: number, windowMs: number): Shadow {
  let used = 0;
  let seen = 0;
  return {
    admit(at) {
      used = Math.max(0, used - (at - seen) * limit) + windowMs;
      seen = at;
      return used <= limit * windowMs;
    },
  };
}
