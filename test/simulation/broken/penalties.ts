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
