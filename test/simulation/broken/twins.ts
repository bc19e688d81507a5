import { keySet } from "../../../src/algorithm/scripts.ts";
import type { Keyspace, Stored } from "../redis/keyspace.ts";
import { TWINS, type Twin } from "../redis/twin.ts";

/** Today's twins, each with its keys as a broken script would leave them. */
function twinsWith(change: (keyspace: Keyspace, args: readonly string[]) => Keyspace): Twin[] {
  return TWINS.map(({ script, run }) => ({
    script,
    run: (keyspace, keys, args, now) => run(change(keyspace, args), keys, args, now),
  }));
}

const storing = (keyspace: Keyspace, change: (stored: Stored) => Stored | undefined): Keyspace => ({
  ...keyspace,
  set(key, stored, now) {
    const changed = change(stored);
    if (changed) keyspace.set(key, changed, now);
  },
});

/** Says that it took, every fifth time, and stores nothing. */
export function losingDebits(): Twin[] {
  let writes = 0;
  return twinsWith((keyspace) =>
    storing(keyspace, (stored) => {
      writes += 1;
      return writes % 5 === 0 ? undefined : stored;
    }),
  );
}

/** Lets keys end so many ms later than it should; below 0, earlier. */
export function endingKeys(laterMs: number): Twin[] {
  return twinsWith((keyspace) => storing(keyspace, ({ value, endsAt }) => ({ value, endsAt: endsAt + laterMs })));
}

/** Gives back twice what it is told to. */
export function doublingRefunds(): Twin[] {
  return TWINS.map(({ script, run }) => ({
    script,
    run(keyspace, keys, args, now) {
      const execution = run(keyspace, keys, args, now);
      return Number(args[1]) < 0 ? { ...execution, reply: run(keyspace, keys, args, now).reply } : execution;
    },
  }));
}

/** Of several keys writes those that allow although another denies. */
export function takingHalves(): Twin[] {
  return TWINS.map((twin) => {
    if (twin.script !== keySet) return twin;
    const run: Twin["run"] = (keyspace, keys, args, now) => {
      const execution = twin.run(keyspace, keys, args, now);
      if (execution.steps.every(({ allowed }) => allowed)) return execution;
      const alone = keys.map((key, i) => twin.run(keyspace, [key], argumentsOf(i, args), now));
      return { ...execution, steps: alone.flatMap(({ steps }) => steps) };
    };
    return { ...twin, run };
  });
}

/** Counts of several keys what no key alone counts. */
export function countingApart(): Twin[] {
  const apart = (key: string) => `apart/${key}`;
  return TWINS.map((twin) => {
    if (twin.script !== keySet) return twin;
    const run: Twin["run"] = (keyspace, keys, args, now) => {
      const own: Keyspace = {
        ...keyspace,
        get: (key, now) => keyspace.get(apart(key), now),
        set: (key, stored, now) => keyspace.set(apart(key), stored, now),
      };
      return twin.run(own, keys, args, now);
    };
    return { ...twin, run };
  });
}

/** What key-set.lua is told of one key. */
function argumentsOf(key: number, args: readonly string[]): string[] {
  let from = 1;
  let to = from;
  for (let k = 0; k <= key; k += 1) {
    from = to;
    to += 2;
    for (let policy = 0; policy < Number(args[from]); policy += 1) {
      if (args[to] === "@") to += 2;
      to += args[to] === "b" ? 6 : 4;
    }
  }
  return [args[0] as string, ...args.slice(from, to)];
}

/** Takes although it denies. */
export function takingDenials(): Twin[] {
  return TWINS.map(({ script, run }) => ({
    script,
    run(keyspace, keys, args, now) {
      const execution = run(keyspace, keys, args, now);
      const [step] = execution.steps;
      if (!step || step.allowed) return execution;
      run(keyspace, keys, [...args.slice(0, 3), "1e300", ...args.slice(4)], now);
      return { ...execution, steps: [{ ...step, wrote: true }] };
    },
  }));
}
