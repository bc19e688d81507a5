import type { InFlight } from "../../../src/algorithm/in-flight/step.ts";
import { inFlightScript } from "../redis/in-flight.ts";
import type { Keyspace } from "../redis/keyspace.ts";
import { TWINS, type Twin } from "../redis/twin.ts";

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

/** The script of work alone, and what it kept of a key before and keeps after. */
const keepingOf = (change: (before: InFlight, after: InFlight, args: readonly string[]) => InFlight): Twin[] =>
  TWINS.map((twin) => ({
    ...twin,
    run(keyspace, keys, args, now) {
      if (twin.script !== inFlightScript) return twin.run(keyspace, keys, args, now);
      const own: Keyspace = {
        ...keyspace,
        delete(key) {
          own.set(key, { value: NOTHING, endsAt: now + Number(args[2]) }, now);
          return true;
        },
        set(key, stored, time) {
          const before = (keyspace.get(key, time)?.value ?? NOTHING) as InFlight;
          keyspace.set(key, { ...stored, value: change(before, stored.value as InFlight, args) }, time);
        },
      };
      return twin.run(own, keys, args, now);
    },
  }));

const NOTHING: InFlight = { holds: [], used: 0 };

const asksFor = (before: InFlight, [, delta, , , id]: readonly string[]) =>
  Number(delta) > 0 ? before.holds.find((hold) => hold.id === id) : undefined;

/** A piece that is asked for again lasts a hold longer than it should. */
export const lengthening = (): Twin[] =>
  keepingOf((before, after, args) => {
    if (!asksFor(before, args)) return after;
    const holds = after.holds.map((hold) =>
      hold.id === args[4] ? { ...hold, endsAt: hold.endsAt + Number(args[2]) } : hold,
    );
    return { ...after, holds };
  });

/** A piece that is asked for again ends when it would have. */
export const notRenewing = (): Twin[] =>
  keepingOf((before, after, args) => {
    const own = asksFor(before, args);
    if (!own) return after;
    const holds = after.holds.map((hold) => (hold.id === own.id ? { ...hold, endsAt: own.endsAt } : hold));
    return { ...after, holds: holds.toSorted((a, b) => a.endsAt - b.endsAt) };
  });

/** A piece is held until it was released as often as it was asked for. */
export function counting(): Twin[] {
  const asked = new Map<string, number>();
  return keepingOf((before, after, [, delta, , , id = ""]) => {
    if (Number(delta) > 0) asked.set(id, (asked.get(id) ?? 0) + 1);
    if (Number(delta) >= 0) return after;
    const left = (asked.get(id) ?? 0) - 1;
    asked.set(id, left);
    return left > 0 ? before : after;
  });
}

/** Who has been let in once is let in ever after. */
export function trustingNames(): Twin[] {
  const known = new Set<string>();
  return TWINS.map((twin) => ({
    ...twin,
    run(keyspace, keys, args, now) {
      if (twin.script !== inFlightScript || Number(args[1]) <= 0) return twin.run(keyspace, keys, args, now);
      const [at = "", delta = "", hold = "", ceiling = "", id = ""] = args;
      const done = twin.run(keyspace, keys, [at, delta, hold, known.has(id) ? "1000" : ceiling, id], now);
      if (done.steps[0]?.allowed) known.add(id);
      return done;
    },
  }));
}
