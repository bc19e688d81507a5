import type { RedisClient } from "sluice";

/** A way to Redis that may be cut: `"fails"` at once, or `"hangs"` and never answers. */
export interface Line extends RedisClient {
  fate: "ok" | "fails" | "hangs";
}

export function lineTo(redis: RedisClient): Line {
  function through<T>(ask: () => Promise<T>): Promise<T> {
    if (line.fate === "fails") return Promise.reject(new TypeError("fetch failed"));
    return line.fate === "hangs" ? new Promise(() => {}) : ask();
  }
  const line: Line = {
    fate: "ok",
    evalsha: (...args) => through(() => redis.evalsha(...args)),
    eval: (...args) => through(() => redis.eval(...args)),
    del: (...args) => through(() => redis.del(...args)),
  };
  return line;
}
