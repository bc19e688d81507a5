import type { Decision } from "../../../src/core/decision.ts";
import type { Held } from "../../../src/limiter/in-flight/held.ts";
import type { InFlightLimiter, Limiter } from "../../../src/limiter/limiter.ts";
import { working } from "../plans/held.ts";
import type { Keyspace } from "../redis/keyspace.ts";
import { TWINS, type Twin } from "../redis/twin.ts";
import type { WorkRule } from "../world/history.ts";
import type { Callable } from "../world/isolate.ts";
import type { SetMaker } from "../world/plan.ts";

/** Scripts whose clock of Redis is another one; keys expire by the right one, or never. */
const byClock = (clockOf: (args: readonly string[], now: number) => number, expires: boolean): Twin[] =>
  TWINS.map((twin) => ({
    ...twin,
    run(keyspace, keys, args, now) {
      const fake = clockOf(args, now);
      const own: Keyspace = {
        ...keyspace,
        get: (key) => keyspace.get(key, expires ? now : 0),
        set: (key, stored) =>
          keyspace.set(key, { ...stored, endsAt: expires ? stored.endsAt - fake + now : 2 ** 50 }, now),
      };
      return twin.run(own, keys, args, fake);
    },
  }));

/** Whoever asks ends the holds of others by its own clock. */
export const trusting = (): Twin[] => byClock(([asked], now) => (Number(asked) < 0 ? now : Number(asked)), true);

/** What nobody released is there for ever. */
export const leaking = (): Twin[] => byClock((_args, now) => now - 1e9, false);

/** A release ends nothing. */
export function keeping(): Twin[] {
  const keep = (keyspace: Keyspace): Keyspace => ({
    ...keyspace,
    delete: () => false,
    set: (key, stored, now) => {
      const before = keyspace.get(key, now)?.value as { holds?: readonly unknown[] } | undefined;
      const after = stored.value as { holds?: readonly unknown[] };
      if (before?.holds && after.holds && after.holds.length < before.holds.length) return;
      keyspace.set(key, stored, now);
    },
  });
  return TWINS.map((twin) => ({ ...twin, run: (keyspace, ...rest) => twin.run(keep(keyspace), ...rest) }));
}

/** Work first, then the quota; what that denies holds its place all the same. */
export const oneByOne =
  (work: WorkRule): SetMaker =>
  (limiters) => {
    const jobs = limiters[work.name] as InFlightLimiter;
    const hold = async (key: unknown, { cost, ...options }: { cost?: unknown } = {}) => {
      const keys = key as Record<string, string>;
      const held = await jobs.hold(keys[work.name] ?? "", {
        ...options,
        cost: (cost as Record<string, number>)[work.name],
      });
      if (!held.allowed) return held;
      const [user] = Object.keys(limiters).filter((name) => name !== work.name) as [string];
      const decision = await (limiters[user] as Limiter).consume(keys[user] ?? "");
      return decision.allowed ? held : (decision as Decision & Held);
    };
    return { consume: working({ hold } as never, work) } as unknown as Callable;
  };
