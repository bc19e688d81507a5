import type { Redis } from "ioredis";
import { inFlightAlgorithm } from "../../../src/algorithm/in-flight/algorithm.ts";
import { keySetHolds, type Script } from "../../../src/algorithm/scripts.ts";
import { GRACE_MS } from "../../../src/algorithm/step.ts";
import { FAR_FUTURE, msOf, uniqueName } from "../../support/redis.ts";
import { scriptOf } from "../redis/database.ts";
import { inFlightScript } from "../redis/in-flight.ts";
import type { Happening } from "../world/history.ts";

/** What a command did, as a twin did it. */
interface Recorded {
  readonly script: Script;
  /** The database's own time, where the script looks at that, too. */
  readonly time: number | undefined;
  /** With the clock passed in, also where the script asked for the database's own. */
  readonly args: readonly string[];
  readonly reply: unknown;
  readonly keys: readonly RecordedKey[];
}

interface RecordedKey {
  /** The database and the key. */
  readonly place: string;
  /**
   * What of the key was there: nothing, what still counts, or only what is left of its grace; of a key with a penalty for how many ms
   * more, since its script writes a new end by that.
   */
  readonly found: "nothing" | "counts" | "grace" | number;
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

/** Work in flight looks at Redis's own time, which no argument tells. */
const isByOwnTime = (script: Script, args: readonly string[]) =>
  script === inFlightScript || script === keySetHolds || args.includes(inFlightAlgorithm.code);

/** The script, to which Redis says that it is that time; all else it asks Redis itself. */
const atTime = ({ text }: Script, time: number) => `
local of = redis
local redis = {call = function(command, ...)
  if command == 'TIME' then return {'${Math.floor(time / 1000)}', '${(time % 1000) * 1000}'} end
  return of.call(command, ...)
end}
${text}`;

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
        stepsOf.size + isNew <= mostKeys && places.every((place) => (stepsOf.get(place) ?? 0) < mostSteps);
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

function recordOf(
  { script: name, args, reply, steps, now: databaseNow }: Executed,
  places: readonly string[],
): Recorded {
  const script = scriptOf(name);
  return {
    script,
    time: isByOwnTime(script, args) ? databaseNow : undefined,
    args: [`${steps[0]?.now}`, ...args.slice(1)],
    reply,
    keys: steps.map(({ leftMs, continued, wrote, renewed, endsAt, penalty }, i): RecordedKey => {
      const place = places[i] as string;
      const ends = endsAt === undefined ? "removed" : endsAt - databaseNow;
      if (penalty) return { place, found: penalty.leftMs ?? "nothing", life: penalty.renewed ? ends : "kept" };
      const found = leftMs === undefined ? "nothing" : continued ? "counts" : "grace";
      return { place, found, life: renewed || (wrote && ends === "removed") ? ends : "kept" };
    }),
  };
}

type Replies = readonly (readonly [error: Error | null, value: unknown])[];

async function replayed(redis: Redis, commands: readonly Recorded[]): Promise<string[]> {
  const name = uniqueName();
  const nameOf = (place: string) => `${name}/${place}`;
  for (const script of new Set(commands.map(({ script }) => script))) await redis.script("LOAD", script.text);
  const replies: (Replies | Promise<Replies>)[] = [];
  for (const command of commands) {
    const isTimed = command.keys.some(({ found }) => typeof found === "number");
    // The others go one behind the other without a wait.
    replies.push(isTimed ? await withinOneMs(redis, command, nameOf) : carriedOut(redis, command, nameOf));
  }
  const all = await Promise.all(replies);
  const used = [...new Set(commands.flatMap(({ keys }) => keys.map(({ place }) => nameOf(place))))];
  if (used.length > 0) await redis.del(...used);
  return commands.flatMap((command, i) => differences(command, i, all[i] ?? []));
}

/** In a transaction time stands still for expiry, so what was stored for 1 ms is there until it is given another end. */
async function carriedOut(
  redis: Redis,
  { script, time, args, keys }: Recorded,
  nameOf: (place: string) => string,
): Promise<Replies> {
  const names = keys.map(({ place }) => nameOf(place));
  const transaction = redis.multi().time();
  keys.forEach(({ found }, i) => {
    const key = names[i] as string;
    if (found === "nothing") transaction.del(key);
    else if (typeof found === "number") transaction.pexpire(key, Math.max(1, found));
    else transaction.pexpire(key, found === "grace" ? GRACE_MS : GRACE_MS + 60_000);
  });
  for (const key of names) transaction.pexpiretime(key);
  if (time === undefined) transaction.evalsha(script.sha1, names.length, ...names, ...args);
  else transaction.eval(atTime(script, time), names.length, ...names, ...args);
  for (const key of names) transaction.pexpiretime(key);
  transaction.time();
  for (const key of names) transaction.pexpireat(key, FAR_FUTURE);
  return (await transaction.exec()) ?? [];
}

const TRIES = 200;

/** Puts back what was there, and tries again, until all of it has happened in one ms: so a key's life is what was recorded. */
async function withinOneMs(redis: Redis, command: Recorded, nameOf: (place: string) => string): Promise<Replies> {
  const names = command.keys.map(({ place }) => nameOf(place));
  const before = await Promise.all(names.map((key) => redis.dumpBuffer(key)));
  for (let tries = 1; ; tries += 1) {
    const replies = await carriedOut(redis, command, nameOf);
    const [from, to] = [replies[0]?.[1], replies[3 * names.length + 2]?.[1]];
    if (tries === TRIES || !from || !to || msOf(from) === msOf(to)) return replies;
    const restored = redis.multi().del(...names);
    before.forEach((value, i) => {
      if (value) restored.restore(names[i] as string, 0, value).pexpireat(names[i] as string, FAR_FUTURE);
    });
    await restored.exec();
  }
}

function differences({ args, reply, keys }: Recorded, step: number, replies: Replies): string[] {
  const many = keys.length;
  const [from, ...values] = replies.map(([error, value]) => error ?? value);
  const before = values.slice(many, 2 * many);
  const said = values[2 * many];
  const after = values.slice(2 * many + 1, 3 * many + 1);
  const to = values[3 * many + 1];
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
