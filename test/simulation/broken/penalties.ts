import type { BlockedDecision, Decision } from "../../../src/core/decision.ts";
import type { Limiter } from "../../../src/limiter/limiter.ts";
import type { BlockMethods } from "../../../src/limiter/penalty/block.ts";
import type { Keyspace } from "../redis/keyspace.ts";
import { type Kept, keptIn } from "../redis/strikes.ts";
import { TWINS, type Twin } from "../redis/twin.ts";
import { plainLimiter } from "../world/limiter.ts";
import type { LimiterMaker } from "../world/plan.ts";

const NOTHING = { strikes: [], steps: 0, blockedUntil: 0 };

/** Today's twins, told something else of each penalty: `change` gets what follows its mark. */
const told = (change: (numbers: readonly string[]) => readonly string[]): Twin[] =>
  TWINS.map((twin) => ({
    ...twin,
    run(keyspace, keys, args, now) {
      const changed = [...args];
      for (const [i, arg] of args.entries()) {
        if (arg === "!") changed.splice(i + 1, 6, ...change(args.slice(i + 1, i + 7)));
      }
      return twin.run(keyspace, keys, changed, now);
    },
  }));

/** Who only looks is struck, too. */
export const strikingLooks = () => told(([task = "", ...numbers]) => [task === "l" ? "s" : task, ...numbers]);

/** Blocks end a tenth early. */
export const endingEarly = () =>
  told(([task = "", after = "", within = "", length, ...rest]) => [
    task,
    after,
    within,
    `${Number(length) * 0.9}`,
    ...rest,
  ]);

/** What another limiter of the same verdict denies is a strike. */
export function strikingAll(): Twin[] {
  return TWINS.map((twin) => ({
    ...twin,
    run(keyspace, keys, args, now) {
      const before = keys.map((key) => keptIn(keyspace.get(key, now)).penalty?.strikes.length ?? 0);
      const execution = twin.run(keyspace, keys, args, now);
      for (const [i, { key, penalty, allowed, now: at }] of execution.steps.entries()) {
        const stored = keyspace.get(key, now);
        const { counts, penalty: record = NOTHING } = keptIn(stored);
        if (allowed || penalty?.task !== "strike" || penalty.blockedUntil !== 0) continue;
        if (!stored || record.strikes.length > (before[i] ?? 0)) continue;
        const value: Kept = { counts, penalty: { ...record, strikes: [...record.strikes, at] } };
        keyspace.set(key, { ...stored, value }, now);
      }
      return execution;
    },
  }));
}

/** What is booked pardons. */
export function pardoning(): Twin[] {
  return TWINS.map((twin) => ({
    ...twin,
    run(keyspace, keys, args, now) {
      if (args[1] !== "!" || args[2] !== "b") return twin.run(keyspace, keys, args, now);
      const pardons: Keyspace = {
        ...keyspace,
        set: (key, stored, at) => keyspace.set(key, keptIn(stored).counts ?? stored, at),
      };
      return twin.run(pardons, keys, args, now);
    },
  }));
}

/** A limiter that leaves its penalty out. */
export const forgiving: LimiterMaker = (parts) => {
  const { penalty: _penalty, ...rule } = parts.rule;
  return plainLimiter({ ...parts, rule });
};

/** A limiter of which some methods are changed. */
const withMethods =
  (change: (limiter: Limiter & BlockMethods<string>) => Partial<Limiter & BlockMethods<string>>): LimiterMaker =>
  (parts) => {
    const limiter = plainLimiter(parts) as Limiter & BlockMethods<string>;
    return parts.rule.penalty ? { ...limiter, ...change(limiter) } : limiter;
  };

/** Who blocks by hand is told that it is done, and nothing is. */
export const idle = withMethods(({ peek }) => ({
  block: async (key) =>
    ({ ...(await peek(key)), allowed: false, policy: "blocked", blockedUntil: 1 }) as BlockedDecision,
}));

/** What a penalty denies is let pass all the same. */
export const merciful = withMethods(({ consume }) => ({
  async consume(key, options) {
    const decision = await consume(key, options);
    return decision.source === "penalty"
      ? ({ ...decision, allowed: true, source: "store" } as unknown as Decision)
      : decision;
  },
}));

/** A block by hand ends the one before it, also where that would have lasted longer. */
export function shortening(): Twin[] {
  return TWINS.map((twin) => ({
    ...twin,
    run(keyspace, keys, args, now) {
      const [key = ""] = keys;
      const { counts, penalty } = keptIn(keyspace.get(key, now));
      if (args[2] === "x" && penalty) {
        const value: Kept = { counts, penalty: { ...penalty, blockedUntil: 0 } };
        keyspace.set(key, { value, endsAt: now + 60_000 }, now);
      }
      return twin.run(keyspace, keys, args, now);
    },
  }));
}
