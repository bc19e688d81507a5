import {
  type AllOfDecision,
  type AllOfHolding,
  allOf,
  createLimiter,
  inFlight,
  redisStore,
  slidingWindow,
} from "sluice";
import { upstashClient } from "sluice/upstash";

export interface Env {
  UPSTASH_REDIS_REST_URL: string;
  UPSTASH_REDIS_REST_TOKEN: string;
  UPSTREAM_URL: string;
  API_KEYS: string;
}

type Level = "org" | "team" | "user" | "answers";
export type Limits = AllOfHolding<Level>;
export type Keys = Readonly<Record<Level, string>>;
export type Decision = AllOfDecision<Level>;

let limits: Limits | undefined;

/** An organization's tokens a day, a team's and a user's requests a minute and tokens a day, and a user's answers at once, in one verdict. */
export function limitsOf(env: Env): Limits {
  if (limits) return limits;
  const store = redisStore(
    upstashClient({
      url: env.UPSTASH_REDIS_REST_URL,
      token: env.UPSTASH_REDIS_REST_TOKEN,
    }),
  );
  const requests = (limit: number) =>
    slidingWindow({ name: "requests", limit, window: "1 m" });
  const tokens = (limit: number) =>
    slidingWindow({ name: "tokens", limit, window: "1 d" });
  // An unanswered store must not open the tap to a model that bills by the token.
  const failureMode = "closed";
  limits = allOf({
    org: createLimiter({
      name: "org",
      store,
      failureMode,
      policies: [tokens(30_000)],
    }),
    team: createLimiter({
      name: "team",
      store,
      failureMode,
      policies: [requests(60), tokens(20_000)],
    }),
    user: createLimiter({
      name: "user",
      store,
      failureMode,
      policies: [requests(20), tokens(10_000)],
    }),
    // Longer than a model is silent: what crashes is free again after a minute.
    answers: createLimiter({
      name: "answers",
      store,
      failureMode,
      policies: [inFlight({ name: "at-once", limit: 3, hold: "1 m" })],
    }),
  });
  return limits;
}

/** Whose call it is, by its API key: `API_KEYS` is a list like `alice=acme/ml`. */
export function keysOf(env: Env, apiKey: string): Keys | undefined {
  for (const entry of env.API_KEYS.split(",")) {
    const [user, org, team] = entry.split(/[=/]/);
    // The braces keep an organization's keys on one master of a Redis Cluster; elsewhere they do no harm.
    if (!user || user !== apiKey) continue;
    const own = `{${org}}/${user}`;
    return {
      org: `{${org}}`,
      team: `{${org}}/${team}`,
      user: own,
      answers: own,
    };
  }
  return undefined;
}

/** So many tokens at every level, with so many requests; an answer takes one place by itself. */
export const costOf = (requests: number, tokens: number) => ({
  org: { tokens },
  team: { requests, tokens },
  user: { requests, tokens },
});
