import { MultiRegionRatelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import { createLimiter, fixedWindow, redisStore, regions } from "sluice";
import { upstashClient } from "sluice/upstash";
import { PLACES, type Place, type World } from "./world.ts";

/** A limiter in a place, on fixed windows; work that it leaves for later goes to `later`. */
export type Subject = (
  world: World,
  place: Place,
  quota: { readonly limit: number; readonly windowMs: number },
  later: (task: Promise<unknown>) => void,
) => (key: string) => Promise<boolean>;

const sluice =
  (shares?: () => Partial<Record<Place, number>>): Subject =>
  (world, place, { limit, windowMs }) => {
    const stores = Object.fromEntries(
      PLACES.map((to) => [to, redisStore(upstashClient({ url: world[to].urls[place], token: world[to].token }))]),
    ) as Record<Place, ReturnType<typeof redisStore>>;
    const limiter = createLimiter({
      name: "regions",
      store: shares
        ? regions({ near: place, stores, shares: shares as () => Record<Place, number> })
        : regions({ near: place, stores }),
      policies: [fixedWindow({ limit, window: windowMs })],
      // So that a call whose answer did not come in time is no admitted one.
      failureMode: "closed",
    });
    return async (key) => (await limiter.consume(key)).allowed;
  };

/** One database for all of them. */
const single =
  (at: Place): Subject =>
  (world, place, { limit, windowMs }) => {
    const { urls, token } = world[at];
    const limiter = createLimiter({
      name: "single",
      store: redisStore(upstashClient({ url: urls[place], token })),
      policies: [fixedWindow({ limit, window: windowMs })],
      failureMode: "closed",
    });
    return async (key) => (await limiter.consume(key)).allowed;
  };

/** As its documentation says, with its own window and its own way to bring regions together. */
const multiRegion: Subject = (world, place, { limit, windowMs }, later) => {
  const order = [place, ...PLACES.filter((other) => other !== place)];
  const limiter = new MultiRegionRatelimit({
    redis: order.map((to) => new Redis({ url: world[to].urls[place], token: world[to].token, enableTelemetry: false })),
    limiter: MultiRegionRatelimit.fixedWindow(limit, `${windowMs} ms`),
  });
  return async (key) => {
    const { success, pending } = await limiter.limit(key);
    later(pending);
    return success;
  };
};

export const SUBJECTS: Readonly<Record<string, Subject>> = {
  "one database in this place": single("near"),
  "one database, 80 ms away": single("far"),
  "regions, a home in this place": sluice(() => ({ near: 1 })),
  "regions, a home 150 ms away": sluice(() => ({ farther: 1 })),
  "regions, even shares": sluice(),
  "@upstash/ratelimit MultiRegionRatelimit": multiRegion,
};
