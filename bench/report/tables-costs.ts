import { DOLLARS_PER_100_000_COMMANDS, dollars } from "../money/price.ts";
import type { Raw } from "../raw.ts";
import { number, percent, spread, table } from "./markdown.ts";

export function redisTable({ redisSide }: Raw): string {
  return table(
    redisSide.map(({ algorithm, path, name, microsPerEvalsha, billedCommands, bytesPerIdentifier }) => ({
      algorithm,
      path,
      script: name,
      "µs per EVALSHA": spread(microsPerEvalsha),
      "billed commands": number(billedCommands),
      "bytes per identifier": number(bytesPerIdentifier),
    })),
  );
}

const CALLS = {
  request: "a check without the client's request: the client is a stub that answers at once",
  denial: "a denial without a round trip",
  memory: "a check on a memory store",
} as const;

export function isolateTables({ isolate: { calls, bundles, imports } }: Raw): string {
  const costs = (Object.keys(CALLS) as (keyof typeof CALLS)[]).map((what) =>
    table(
      calls
        .filter((row) => row.what === what)
        .map(({ name, cpuMicros, bytes, perSecond }) => ({
          [CALLS[what]]: name,
          "CPU, µs": spread(cpuMicros),
          "allocated, bytes": number(bytes.median),
          "per second": spread(perSecond),
        })),
    ),
  );
  const sizes = table(
    bundles.map(({ what, library, minified, gzipped }) => ({
      import: what,
      library,
      "minified, kB": number(minified / 1000),
      "and gzipped, kB": number(gzipped / 1000),
    })),
  );
  const times = table(
    imports.map(({ library, milliseconds }) => ({ library, "import in workerd, ms": spread(milliseconds) })),
  );
  return [...costs, sizes, times].join("\n\n");
}

export function moneyTable({ money }: Raw): string {
  return `Commands counted by Redis, on a simulated clock with callers that ask in regular steps, the first window left out;
$${DOLLARS_PER_100_000_COMMANDS.toFixed(2)} per 100 000 commands is Upstash's price for pay as you go
([upstash.com/pricing/redis](https://upstash.com/pricing/redis), November 2026). \`denied\` is what the limiter denied: the
cache of @upstash/ratelimit denies more than is due, and what it denies is free. A bucket has a burst in store, so that in
these minutes it denies less.

${table(
  money.map(({ mix, algorithm, library, cache, checks, denied, billedPerMillion }) => ({
    mix,
    algorithm,
    library,
    "cache of denials": cache ? "on" : "off",
    denied: percent(denied / checks),
    "billed per million checks": number(billedPerMillion),
    "$ per million": dollars(billedPerMillion).toFixed(2),
  })),
)}`;
}

export function growthTables({ growth }: Raw): string {
  return table(
    growth.map(({ grows, size, algorithm, microsPerEvalsha, billedCommands, bytesPerKey, p50Ms }) => ({
      grows,
      to: number(size),
      algorithm,
      "µs per EVALSHA": spread(microsPerEvalsha),
      "p50 over TCP, ms": number(p50Ms),
      "billed commands": number(billedCommands),
      "bytes per key": number(bytesPerKey),
    })),
  );
}
