import * as theirs from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import * as ours from "sluice/upstash-ratelimit";
import { inject, test } from "vitest";
import { uniqueName } from "../../support/redis.ts";

/** Which of the two packages a test runs on. */
export type Name = "@upstash/ratelimit" | "sluice/upstash-ratelimit";

/** Ours has all that is used of theirs: the compiler says so where this is assigned. */
type Package = Pick<typeof theirs, "Ratelimit" | "Analytics" | "IpDenyList">;

const packages: Readonly<Record<Name, Package>> = {
  "@upstash/ratelimit": theirs,
  "sluice/upstash-ratelimit": ours as unknown as Package,
};

export const redis = new Redis({ url: inject("restUrl"), token: inject("restToken") });

/** What a test gets: the package, and limiters that share nothing with those of other tests. */
export interface Given extends Package {
  readonly prefix: string;
  make(
    limiter: theirs.RatelimitConfig["limiter"],
    options?: Partial<theirs.RatelimitConfig>,
  ): InstanceType<typeof theirs.Ratelimit>;
}

function givenOf(name: Name): Given {
  const prefix = uniqueName();
  const { Ratelimit, Analytics, IpDenyList } = packages[name];
  return {
    ...{ Ratelimit, Analytics, IpDenyList, prefix },
    make: (limiter, options) => new Ratelimit({ redis, prefix, limiter, ...options }),
  };
}

/** A test that both packages pass. */
export function both(title: string, run: (given: Given) => unknown): void {
  test.each(Object.keys(packages) as Name[])(`${title} (%s)`, (name) => run(givenOf(name)) as Promise<void>);
}

/** A test that tells where they differ: `run` shows it, and each side says what comes of it there. */
export function differ<Outcome>(
  title: string,
  run: (given: Given) => Promise<Outcome>,
  outcomes: { readonly theirs: (outcome: Outcome) => unknown; readonly ours: (outcome: Outcome) => unknown },
): void {
  test(`${title}: as @upstash/ratelimit does it`, async () => {
    await outcomes.theirs(await run(givenOf("@upstash/ratelimit")));
  });
  test(`${title}: as Sluice does it`, async () => {
    await outcomes.ours(await run(givenOf("sluice/upstash-ratelimit")));
  });
}
