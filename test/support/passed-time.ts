import type { Redis } from "ioredis";
import type { RedisClient } from "../../src/store/redis-client.ts";

const TIME = /\b\w+(?:\.call)?\('TIME'\)/g;

/** By clock and text: a test asks for the same few scripts 100 000 times. */
const replaced = new Map<string, string>();

function withClock(text: string, clock: string): string {
  const known = replaced.get(clock + text);
  if (known !== undefined) return known;
  const made = text.replaceAll(TIME, clock);
  replaced.set(clock + text, made);
  return made;
}

/** A script whose clock of Redis is two keys behind its own: seconds and microseconds. All else is as it is shipped. */
export function withPassedTime(text: string, keys = 1): string {
  return withClock(text, `{KEYS[${keys + 1}],KEYS[${keys + 2}]}`);
}

/** The same of a script that goes through all of its keys: its last two arguments are the clock. */
export function withTimePassedLast(text: string): string {
  return withClock(text, "{ARGV[#ARGV-1],ARGV[#ARGV]}");
}

/** A time in ms as those keys tell it. */
export const timeKeys = (ms: number) => [`${Math.floor(ms / 1000)}`, `${(ms % 1000) * 1000}`];

/** A client whose scripts see the time of a passed clock where they ask Redis for its own, and whose keys expire by it, too. */
export function clientAt(redis: Redis, now: () => number): RedisClient {
  const ends = new Map<string, number>();
  return {
    evalsha: async () => {
      throw Object.assign(new Error("NOSCRIPT each call brings the text"), { name: "ReplyError" });
    },
    async eval(text, keys, args) {
      const time = now();
      const isSet = text.includes("#KEYS");
      const all = isSet ? keys : [...keys, ...timeKeys(time)];
      const pipeline = redis.pipeline();
      for (const key of keys) if (time > (ends.get(key) ?? Infinity)) pipeline.del(key);
      const before = pipeline.length;
      if (isSet) pipeline.eval(withTimePassedLast(text), all.length, ...all, ...args, ...timeKeys(time));
      else pipeline.eval(withPassedTime(text, keys.length), all.length, ...all, ...args);
      for (const key of keys) pipeline.pttl(key).persist(key);
      const replies = (await pipeline.exec()) ?? [];
      const [error, reply] = replies[before] ?? [new Error("no reply")];
      if (error) throw error;
      keys.forEach((key, i) => {
        // What was written anew has an end, which is kept here, since the true time may pass it.
        const lifeMs = Number(replies[before + 1 + 2 * i]?.[1]);
        if (lifeMs >= 0) ends.set(key, time + lifeMs);
        else if (lifeMs === -2) ends.delete(key);
      });
      return reply;
    },
    del: (key) => redis.del(key),
  };
}
