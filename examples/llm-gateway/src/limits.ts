import { type AllOf, type AllOfDecision, allOf, createLimiter, redisStore, slidingWindow } from "sluice";
import { upstashClient } from "sluice/upstash";

export interface Env {
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
  UPSTREAM_URL: string;
  API_KEYS: string;
}

type Level = "org" | "team" | "user";
export type Limits = AllOf<Level>;
export type Keys = Readonly<Record<Level, string>>;
export type Decision = AllOfDecision<Level>;

let limits: Limits | undefined;

/** An organization's tokens a day, and a team's and a user's requests a minute and tokens a day, in one verdict. */
export function limitsOf(env: Env): Limits {
  if (limits) return limits;
  const store = redisStore(upstashClient({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN }));
  const requests = (limit: number) => slidingWindow({ name: "requests", limit, window: "1 m" });
  const tokens = (limit: number) => slidingWindow({ name: "tokens", limit, window: "1 d" });
  // An unanswered store must not open the tap to a model that bills by the token.
  const failureMode = "closed";
  limits = allOf({
    org: createLimiter({ name: "org", store, failureMode, policies: [tokens(30_000)] }),
    team: createLimiter({ name: "team", store, failureMode, policies: [requests(60), tokens(20_000)] }),
    user: createLimiter({ name: "user", store, failureMode, policies: [requests(20), tokens(10_000)] }),
  });
  return limits;
}

/** Whose call it is, by its API key: `API_KEYS` is a list like `alice=acme/ml`. */
export function keysOf(env: Env, apiKey: string): Keys | undefined {
  for (const entry of env.API_KEYS.split(",")) {
    const [user, org, team] = entry.split(/[=/]/);
    // The braces keep an organization's keys on one master of a Redis Cluster; elsewhere they do no harm.
    if (user && user === apiKey) return { org: `{${org}}`, team: `{${org}}/${team}`, user: `{${org}}/${user}` };
  }
  return undefined;
}

/** So many tokens at every level, with so many requests. */
export const costOf = (requests: number, tokens: number) => ({
  org: { tokens },
  team: { requests, tokens },
  user: { requests, tokens },
});
