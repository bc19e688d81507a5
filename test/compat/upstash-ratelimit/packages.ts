import * as theirs from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import * as ours from "sluice/upstash-ratelimit";
import { inject, test } from "vitest";
import { uniqueName } from "../../support/redis.ts";

/** Which of the two packages a test runs on. */
const NAMES = ["@upstash/ratelimit", "sluice/upstash-ratelimit"] as const;

type Name = (typeof NAMES)[number];
type Package = Pick<typeof theirs, "Ratelimit" | "MultiRegionRatelimit" | "Analytics" | "IpDenyList">;

const packages: Readonly<Record<Name, Package>> = {
  "@upstash/ratelimit": theirs,
  // Their classes have protected members, so that no other class is one of them; types.test.ts compares what can be compared.
  "sluice/upstash-ratelimit": ours as unknown as Package,
};

export const redis = new Redis({ url: inject("restUrl"), token: inject("restToken") });

type Limiter = theirs.RatelimitConfig["limiter"];
export type Ratelimit = InstanceType<typeof theirs.Ratelimit>;

/** What a test gets: the package, and limiters that share nothing with those of other tests. */
export interface Given extends Package {
  readonly prefix: string;
  make(limiter: Limiter, options?: Partial<theirs.RatelimitConfig>): Ratelimit;
}

function givenOf(name: Name): Given {
  const prefix = uniqueName();
  const { Ratelimit, MultiRegionRatelimit, Analytics, IpDenyList } = packages[name];
  return {
    ...{ Ratelimit, MultiRegionRatelimit, Analytics, IpDenyList, prefix },
    make: (limiter, options) => new Ratelimit({ redis, prefix, limiter, ...options }),
  };
}

/** A test that both packages pass. */
export function both(title: string, run: (given: Given) => unknown): void {
  test.each(NAMES)(`${title} (%s)`, (name) => run(givenOf(name)) as Promise<void>);
}

/** What comes of it in the one package and in the other. */
interface Outcomes<Outcome> {
  readonly theirs: (outcome: Outcome) => unknown;
  readonly ours: (outcome: Outcome) => unknown;
}

/** Where they differ: `run` shows it, and a test for each says what comes of it there. */
export function differ<Outcome>(
  title: { readonly theirs: string; readonly ours: string },
  run: (given: Given) => Promise<Outcome>,
  outcomes: Outcomes<Outcome>,
): void {
  test(`${title.theirs} (@upstash/ratelimit)`, async () => {
    await outcomes.theirs(await run(givenOf("@upstash/ratelimit")));
  });
  test(`${title.ours} (sluice/upstash-ratelimit)`, async () => {
    await outcomes.ours(await run(givenOf("sluice/upstash-ratelimit")));
  });
}

/** The algorithms, ten tokens in each window, by name. */
export const ALGORITHMS = ["fixedWindow", "slidingWindow", "tokenBucket", "cachedFixedWindow"] as const;

export type AlgorithmName = (typeof ALGORITHMS)[number];

export function ten(
  { Ratelimit }: Given,
  name: AlgorithmName,
  window: `${number} ${"s" | "m" | "d" | "w"}` = "10 m",
): Limiter {
  return name === "tokenBucket" ? Ratelimit.tokenBucket(10, window, 10) : Ratelimit[name](10, window);
}

/** Checks one behind the other; resolves to the responses. */
export async function checks(ratelimit: Pick<Ratelimit, "limit">, identifier: string, count: number, options = {}) {
  const responses: Awaited<ReturnType<Ratelimit["limit"]>>[] = [];
  for (let i = 0; i < count; i += 1) {
    const response = await ratelimit.limit(identifier, options);
    await response.pending;
    responses.push(response);
  }
  return responses;
}

export const passed = (responses: readonly { success: boolean }[]) => responses.filter(({ success }) => success).length;
