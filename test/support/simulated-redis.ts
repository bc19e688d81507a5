import type { RemoteStore } from "../../src/store/store.ts";
import { GRACE_MS } from "./grace.ts";

/**
 * A store that keeps and expires keys as Redis does, by a clock of its own (`now`) while steps take the caller's: what
 * several isolates share, without waiting for real time. `asked` counts the steps.
 */
export function simulatedRedis(now: () => number): RemoteStore & { readonly asked: number } {
  const entries = new Map<string, { kept: unknown; at: number; expiresAt: number }>();
  let asked = 0;
  return {
    remote: true,
    clock: "limiter",
    get asked() {
      return asked;
    },
    async step({ program, key, now: callersNow, demands }) {
      asked += 1;
      const entry = entries.get(key);
      const leftMs = entry ? entry.expiresAt - now() : 0;
      const isAlive = entry && entry.at > callersNow + GRACE_MS ? leftMs > GRACE_MS : leftMs > 0;
      const kept = isAlive ? entry?.kept : undefined;
      const { allowed, state, kept: next, ttlMs } = program.step(kept, callersNow, demands);
      if (allowed) entries.set(key, { kept: next, at: state[0], expiresAt: now() + ttlMs + GRACE_MS });
      return { allowed, state };
    },
    async reset(key) {
      entries.delete(key);
    },
  };
}
