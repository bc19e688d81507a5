import type { Raw } from "../raw.ts";
import { accuracyTables } from "./tables-accuracy.ts";
import { apartTables, type MeasuredApart } from "./tables-apart.ts";
import { growthTables, isolateTables, moneyTable, redisTable } from "./tables-costs.ts";
import { endToEndTables } from "./tables-end-to-end.ts";
import { inFlightTable } from "./tables-in-flight.ts";
import { leaseTables } from "./tables-leases.ts";
import { targets } from "./targets.ts";

/** RESULTS.md, whole. */
export function results(raw: Raw, apart: MeasuredApart): string {
  const { machine, quick, seconds } = raw;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return `# Results

Measured by \`npm run bench\`${quick ? " with `--quick`, which shows that it works and not what it measures" : ""}, ${machine.date.replace("T", " ")} UTC, in ${seconds} s: ${machine.cores} cores
(${machine.processor.trim()}, ${machine.platform}), load average ${machine.loadBefore.toFixed(1)} at the start. ${versions.join(" · ")}.

Everything runs on this one machine: the callers, the REST server, Redis. So what counts are ratios within the run, not
the figures themselves; a network would add its round trip to every check that goes to Redis, and nothing to those that
don't. Figures are medians over rounds, in brackets the lowest and the highest. Every library runs as its documentation
sets it up, its cache of denials on unless a table says otherwise. The figures are in [results/raw.json](results/raw.json);
\`npm run bench:plot\` makes this page and the plots anew from there.

## What was to be shown

${targets(raw)}

## End to end

![Allowed checks per second](results/throughput.svg)

![Denied checks per second](results/denials.svg)

Callers are independent, as requests to a server are: each begins its check in a turn of the event loop of its own.
\`sluice, pipeline\` is \`upstashClient({ pipeline: true })\`, for servers that outlive their requests: checks made while two
HTTP requests are under way share the next one. @upstash/redis's automatic pipelining is on, its default, but it joins only
what one turn of the event loop asks, so it does nothing here. A *bare request* is \`fetch\` with no limiter around it: the
bound for one request a check. hono-rate-limiter is measured without the middleware
around its store; rate-limiter-flexible talks to Redis over TCP: no HTTP client can be as fast.

${endToEndTables(raw)}

## Inside Redis

![Server time](results/redis.svg)

${redisTable(raw)}

## In the isolate

![Bundle size](results/size.svg)

${isolateTables(raw)}

## Accuracy

![Wrong decisions](results/accuracy.svg)

${accuracyTables(raw)}

## Money

![Dollars per million checks](results/money.svg)

${moneyTable(raw)}

## Growth

![Growth](results/growth.svg)

${growthTables(raw)}

## Leases

![Trips per admitted call](results/leases.svg)

![Trips per call by calls a second](results/leases-pace.svg)

${leaseTables(raw)}

## Work in flight

${inFlightTable(raw)}
${apartTables(apart)}`;
}
