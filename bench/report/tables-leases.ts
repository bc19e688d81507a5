import { figure } from "../lib/statistics.ts";
import type { Raw } from "../raw.ts";
import { number, percent, spread, table } from "./markdown.ts";
import { measuredWhen } from "./measured-when.ts";

const RUNTIMES = { node: "Node", workerd: "workerd" } as const;

export function leaseTables(raw: Raw): string {
  const { steady, hot, crowds, rates, cold } = raw.leases;
  return `${measuredWhen(raw, "leases")}An *isolate* is a limiter with a store of its own: what it knows, no other knows. A *trip* is a request to Redis, whoever it was
for: also one that renews behind an answer, and one that came to nothing.

**500 calls a second on one key, half of the limit** (60 000 a minute, sliding window), in real time. The client of
@upstash/ratelimit joins what one turn of the event loop asks, so its commands are what counts and not its requests.

${table(
  steady.map(({ runtime, library, isolates, first, later, billedPerCheck }) => ({
    runtime: RUNTIMES[runtime],
    library,
    isolates,
    "trips per admitted call, first second": number(first.trips / first.admitted),
    "later on": number(later.trips / later.admitted),
    "p50, ms, later on": number(later.p50Ms),
    "p99, ms": number(later.p99Ms),
    "billed commands per check": number(billedPerCheck),
  })),
)}

**One hot key far from its limit, 50 callers, as many calls as go** (sliding window). A leased call takes about a microsecond, less
than the turn of the event loop before it, in workerd far less: so it is measured with a turn for each 256 calls, as denials are, and with
one for each.

${table(
  hot.map(({ runtime, library, turnEach, rounds, billedPerCheck }) => ({
    runtime: RUNTIMES[runtime],
    library,
    "a turn for": turnEach ? "each call" : "256 calls",
    "admitted checks per second": spread(figure(rounds)),
    "billed commands per check": number(billedPerCheck),
  })),
)}

**A crowd on one key**: a bucket of 6000 a minute, burst 200, \`maxMs\` 1000. Random arrivals, each at a random isolate, on a
simulated clock by which a trip takes 20 ms; Redis is a real one, over REST. *Of the due*: what was admitted after five
seconds, by what refills in that time. *Over*: the most by which any span of time had more than burst + rate × span.
Where a calm half comes first, less than the due is asked for in it.

${table(
  crowds.map(({ isolates, demand, calm, leases, calls, admitted, denied, trips, ofDue, over }) => ({
    isolates,
    demand: `${calm ? `${calm}, then ` : ""}${demand} × the limit`,
    leases: leases ? "with" : "without",
    calls: number(calls),
    admitted: number(admitted),
    denied: percent(denied / calls),
    "trips per admitted call": number(trips / admitted),
    "of the due": percent(ofDue),
    over: number(over),
  })),
)}

**One isolate that asks for one key so often**, far from the limit, on the same clock.

${table(
  rates.map(({ maxMs, perSecond, calls, trips }) => ({
    maxMs,
    "calls a second": perSecond,
    calls: number(calls),
    "trips per admitted call": number(trips / calls),
  })),
)}

**Cold keys**: three calls for each key, a limit of 100 a minute.

${table(
  cold.map(({ algorithm, leases, microsPerEvalsha, billedCommands, bytesPerKey, bytesSent }) => ({
    algorithm,
    leases: leases ? "with" : "without",
    "µs per EVALSHA": spread(microsPerEvalsha),
    "billed commands": number(billedCommands),
    "bytes per key": number(bytesPerKey),
    "bytes sent per check": number(bytesSent),
  })),
)}`;
}
