import type { Raw } from "../raw.ts";
import { number, spread, table } from "./markdown.ts";
import { measuredWhen } from "./measured-when.ts";

export function inFlightTable(raw: Raw): string {
  return `${measuredWhen(raw, "inFlight")}What it costs Redis to hold a place, to give it back and to be denied, with so many pieces of work held in one key. The *sorted set* is the
script that most write for themselves: ids by the time at which they end. It and redis-semaphore judge by the clock of whoever asks, so one
that is ahead ends the holds of everybody.

${table(
  raw.inFlight.map(({ holds, name, bytesPerHold, hold, release, denied }) => ({
    holds,
    library: name,
    "bytes per hold": number(bytesPerHold),
    "hold, µs": spread(hold.micros),
    "release, µs": spread(release.micros),
    "denied, µs": spread(denied.micros),
    "billed: hold, release, denied": [hold, release, denied].map(({ billed }) => number(billed)).join(", "),
  })),
)}

Sluice keeps the holds of a key in one value, which a call reads and a change puts together anew. No hold is walked through; at 1000 what
takes the time is the 20 kB themselves, of which Lua makes a text three times.`;
}
