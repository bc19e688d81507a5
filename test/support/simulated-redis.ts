import type { RemoteStore } from "../../src/store/store.ts";

/**
 * A store that keeps and expires keys as Redis does, by a clock of its own (`now`) while steps take the caller's: what
 * several isolates share, without waiting for real time. `asked` counts the steps.
 */
export function simulatedRedis(now: () => number): RemoteStore & { readonly asked: number } {
  const entries = new Map<string, { kept: unknown; expiresAt: number }>();
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
      const kept = entry && entry.expiresAt > now() ? entry.kept : undefined;
      const { allowed, state, kept: next, ttlMs } = program.step(kept, callersNow, demands);
      if (allowed) entries.set(key, { kept: next, expiresAt: now() + ttlMs });
      return { allowed, state };
    },
    async reset(key) {
      entries.delete(key);
    },
  };
}
