import type { Redis } from "ioredis";

/** What the other limiters ask of an Upstash client, straight over TCP: benchmarks of the Redis side want no HTTP in between. */
export function overTcp(redis: Redis) {
  // Stock Redis refuses the flags line that scripts for Upstash begin with.
  const known = new Map<string, string>();
  const stock = (script: string) => script.replace(/^#!lua.*\n/, "\n");
  const sizes = (keys: string[], args: unknown[]) => [keys.length, ...keys, ...args.map(String)] as const;
  return {
    evalsha: (sha1: string, keys: string[], args: unknown[]) =>
      redis.evalsha(known.get(sha1) ?? sha1, ...sizes(keys, args)),
    async eval(script: string, keys: string[], args: unknown[]) {
      const [flagged, plain] = await Promise.all([sha1Of(script), sha1Of(stock(script))]);
      known.set(flagged, plain);
      return redis.eval(stock(script), ...sizes(keys, args));
    },
    scriptLoad: (script: string) => redis.script("LOAD", script) as Promise<string>,
    del: (...keys: string[]) => redis.del(...keys),
  };
}

async function sha1Of(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return Buffer.from(digest).toString("hex");
}
