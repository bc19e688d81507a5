import type { Redis } from "ioredis";
import type { Script } from "../../../src/algorithm/scripts.ts";
import { GRACE_MS } from "../../../src/algorithm/step.ts";
import { FAR_FUTURE, msOf, uniqueName } from "../../support/redis.ts";
import { scriptOf } from "../redis/database.ts";
import type { Happening } from "../world/history.ts";

/** One step of a sampled key, as a twin did it. */
interface Recorded {
  readonly script: Script;
  /** With the clock passed in, also where the script asked for the database's own. */
  readonly args: readonly string[];
  readonly reply: unknown;
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

const MOST_KEYS = 40;
const MOST_STEPS = 120;

/** Samples the first keys that are met, each from its first step on. */
export function createSample(mostKeys = MOST_KEYS, mostSteps = MOST_STEPS): Sample {
  const keys = new Map<string, Recorded[]>();
  let steps = 0;

  return {
    get steps() {
      return steps;
    },
    see(happening) {
      if (happening.type !== "executed") return;
      for (const { key, now, leftMs, continued, wrote, renewed, endsAt } of happening.steps) {
        const place = `${happening.database}/${key}`;
        if (!keys.has(place) && keys.size >= mostKeys) continue;
        const recorded = keys.get(place) ?? [];
        keys.set(place, recorded);
        if (recorded.length >= mostSteps) continue;
        steps += 1;
        recorded.push({
          script: scriptOf(happening.script),
          args: [`${now}`, ...happening.args.slice(1)],
          reply: happening.reply,
          found: leftMs === undefined ? "nothing" : continued ? "counts" : "grace",
          life:
            renewed && endsAt !== undefined
              ? endsAt - happening.now
              : wrote && endsAt === undefined
                ? "removed"
                : "kept",
        });
      }
    },
    async replay(redis) {
      const differences: string[] = [];
      for (const [name, recorded] of keys) differences.push(...(await replayed(redis, name, recorded)));
      return differences;
    },
  };
}

async function replayed(redis: Redis, name: string, steps: readonly Recorded[]): Promise<string[]> {
  const key = uniqueName();
  for (const script of new Set(steps.map(({ script }) => script))) await redis.script("LOAD", script.text);
  // In a transaction time stands still for expiry, so what was stored for 1 ms is there until it is given another end.
  const replies = await Promise.all(
    steps.map(({ script, args, found }) => {
      const transaction = redis.multi();
      if (found === "nothing") transaction.del(key);
      else transaction.pexpire(key, found === "grace" ? GRACE_MS : GRACE_MS + 60_000);
      return transaction
        .pexpiretime(key)
        .time()
        .evalsha(script.sha1, 1, key, ...args)
        .pexpiretime(key)
        .time()
        .pexpireat(key, FAR_FUTURE)
        .exec();
    }),
  );
  await redis.del(key);
  return steps.flatMap(({ args, reply, life }, i) => {
    const [, before, from, said, after, to] = (replies[i] ?? []).map(([error, value]) => error ?? value);
    const about = `${name}, step ${i} (${args.join(" ")})`;
    if (JSON.stringify(said) !== JSON.stringify(reply)) {
      return [`${about}: Redis replies ${JSON.stringify(said)}, the twin ${JSON.stringify(reply)}`];
    }
    const ends = (word: string) => [
      `${about}: in Redis the key's end is ${after}, it was ${before}, and must be ${word}`,
    ];
    if (life === "kept") return after === before ? [] : ends("kept");
    if (life === "removed") return after === -2 ? [] : ends("removed");
    // A millisecond may have passed meanwhile, so it was written between the two times that were asked for.
    const writtenAt = (after as number) - life;
    return writtenAt >= msOf(from) && writtenAt <= msOf(to) ? [] : ends(`${life} ms from then`);
  });
}
