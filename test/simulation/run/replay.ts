import type { Redis } from "ioredis";
import { grantsStrikes, keySetHolds, keySetStrikes, type Script } from "../../../src/algorithm/scripts.ts";
import { GRACE_MS } from "../../../src/algorithm/step.ts";
import { FAR_FUTURE, msOf, uniqueName } from "../../support/redis.ts";
import { scriptOf } from "../redis/database.ts";
import { inFlightScript } from "../redis/in-flight.ts";
import type { Happening } from "../world/history.ts";

/** What a command did, as a twin did it. */
interface Recorded {
  readonly script: Script;
  /** With the clock passed in, also where the script asked for the database's own. */
  readonly args: readonly string[];
  readonly reply: unknown;
  readonly keys: readonly RecordedKey[];
}

interface RecordedKey {
  /** The database and the key. */
  readonly place: string;
  /** What of the key was there: nothing, what still counts, or only what is left of its grace. */
  readonly found: "nothing" | "counts" | "grace";
  /** What became of its end: as it was, removed, or so many ms from then. */
  readonly life: "kept" | "removed" | number;
}

/** Some keys of a run, with everything that scripts did to them. */
export interface Sample {
  see(happening: Happening): void;
  readonly steps: number;
  /** Lets a real Redis do the same; returns what differs, as text. */
  replay(redis: Redis): Promise<string[]>;
}

/**
 * They look at Redis's own time, too, or write a new end by the one that a key has, which can't be passed in. Tests of
 * their own hold them to their twins.
 */
const BY_OWN_TIME: readonly Script[] = [inFlightScript, keySetHolds, keySetStrikes, grantsStrikes];

type Executed = Extract<Happening, { type: "executed" }>;

const MOST_KEYS = 40;
const MOST_STEPS = 120;

/**
 * Samples the first keys that are met, each from its first step on. A command on a key that is not sampled, or no longer, ends
 * the sample of its other keys, since what it leaves in them depends on that one.
 */
export function createSample(mostKeys = MOST_KEYS, mostSteps = MOST_STEPS): Sample {
  const stepsOf = new Map<string, number>();
  const recorded: Recorded[] = [];
  let steps = 0;

  return {
    get steps() {
      return steps;
    },
    see(happening) {
      if (happening.type !== "executed" || happening.steps.length === 0) return;
      const places = happening.steps.map(({ key }) => `${happening.database}/${key}`);
      const isNew = places.filter((place) => !stepsOf.has(place)).length;
      const isWhole =
        !BY_OWN_TIME.includes(scriptOf(happening.script)) &&
        stepsOf.size + isNew <= mostKeys &&
        places.every((place) => (stepsOf.get(place) ?? 0) < mostSteps);
      for (const place of places) {
        if (isWhole) stepsOf.set(place, (stepsOf.get(place) ?? 0) + 1);
        else if (stepsOf.has(place) || stepsOf.size < mostKeys) stepsOf.set(place, mostSteps);
      }
      if (!isWhole) return;
      steps += places.length;
      recorded.push(recordOf(happening, places));
    },
    replay: (redis) => replayed(redis, recorded),
  };
}

function recordOf({ script, args, reply, steps, now: databaseNow }: Executed, places: readonly string[]): Recorded {
  return {
    script: scriptOf(script),
    args: [`${steps[0]?.now}`, ...args.slice(1)],
    reply,
    keys: steps.map(({ leftMs, continued, wrote, renewed, endsAt }, i) => ({
      place: places[i] as string,
      found: leftMs === undefined ? "nothing" : continued ? "counts" : "grace",
      life: renewed && endsAt !== undefined ? endsAt - databaseNow : wrote && endsAt === undefined ? "removed" : "kept",
    })),
  };
}

async function replayed(redis: Redis, commands: readonly Recorded[]): Promise<string[]> {
  const name = uniqueName();
  const nameOf = (place: string) => `${name}/${place}`;
  for (const script of new Set(commands.map(({ script }) => script))) await redis.script("LOAD", script.text);
  // In a transaction time stands still for expiry, so what was stored for 1 ms is there until it is given another end.
  const replies = await Promise.all(
    commands.map(({ script, args, keys }) => {
      const names = keys.map(({ place }) => nameOf(place));
      const transaction = redis.multi();
      keys.forEach(({ found }, i) => {
        const key = names[i] as string;
        if (found === "nothing") transaction.del(key);
        else transaction.pexpire(key, found === "grace" ? GRACE_MS : GRACE_MS + 60_000);
      });
      for (const key of names) transaction.pexpiretime(key);
      transaction.time().evalsha(script.sha1, names.length, ...names, ...args);
      for (const key of names) transaction.pexpiretime(key);
      transaction.time();
      for (const key of names) transaction.pexpireat(key, FAR_FUTURE);
      return transaction.exec();
    }),
  );
  const used = [...new Set(commands.flatMap(({ keys }) => keys.map(({ place }) => nameOf(place))))];
  if (used.length > 0) await redis.del(...used);
  return commands.flatMap((command, i) => differences(command, i, replies[i] ?? []));
}

function differences(
  { args, reply, keys }: Recorded,
  step: number,
  replies: readonly (readonly [error: Error | null, value: unknown])[],
): string[] {
  const many = keys.length;
  const values = replies.map(([error, value]) => error ?? value);
  const before = values.slice(many, 2 * many);
  const [from, said] = values.slice(2 * many, 2 * many + 2);
  const after = values.slice(2 * many + 2, 3 * many + 2);
  const to = values[3 * many + 2];
  const about = `${keys.map(({ place }) => place).join(" and ")}, step ${step} (${args.join(" ")})`;
  if (JSON.stringify(said) !== JSON.stringify(reply)) {
    return [`${about}: Redis replies ${JSON.stringify(said)}, the twin ${JSON.stringify(reply)}`];
  }
  return keys.flatMap(({ place, life }, i) => {
    const ends = (word: string) => [
      `${about}: in Redis the end of ${place} is ${after[i]}, it was ${before[i]}, and must be ${word}`,
    ];
    if (life === "kept") return after[i] === before[i] ? [] : ends("kept");
    if (life === "removed") return after[i] === -2 ? [] : ends("removed");
    // A millisecond may have passed meanwhile, so it was written between the two times that were asked for.
    const writtenAt = (after[i] as number) - life;
    return writtenAt >= msOf(from) && writtenAt <= msOf(to) ? [] : ends(`${life} ms from then`);
  });
}
