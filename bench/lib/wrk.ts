import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { median } from "./statistics.ts";

export interface Target {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /** Requests of all connections together; default: each connection sends its next request at once. */
  readonly perSecond?: number;
  /** Where wrk's script may lie. */
  readonly folder: string;
}

export interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

// Whoever is free takes the next moment at which a request is due, and one that is late is sent at once. wrk's timers know
// whole milliseconds, so that the requests of one are sent together, to every server alike.
const PACING = `
local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long ns; } moment; int clock_gettime(int, moment *);")
local moment, due = ffi.new("moment")
function delay()
  ffi.C.clock_gettime(1, moment)
  local now = tonumber(moment.s) * 1000 + tonumber(moment.ns) / 1e6
  due = (due or now) + 1000 / rate
  return math.max(0, math.floor(due - now + 0.5))
end`;
const DONE = `
function done(s, l)
  local errors = s.errors.connect + s.errors.status + s.errors.read + s.errors.write + s.errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d", s.requests, s.duration, l:percentile(50), l:percentile(99), errors))
end`;

/** Sends the same POST again and again, with wrk's one thread. @throws if wrk is missing or any request fails */
export async function load({ url, headers, body }: Target, options: Load): Promise<Measured> {
  const { connections, seconds, perSecond, folder } = options;
  const file = join(folder, "load.lua");
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`);
  const pacing = perSecond === undefined ? [] : [`local rate = ${perSecond}`, PACING];
  await writeFile(file, ['wrk.method = "POST"', `wrk.body = ${quoted(body)}`, ...lines, ...pacing, DONE].join("\n"));
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", file, url];
  const { stdout } = await promisify(execFile)("wrk", args).catch(() => {
    throw new Error("wrk does not start: apt-get install wrk");
  });
  const [requests = 0, durationUs = 1, p50Us = 0, p99Us = 0, errors = 0] = (/RESULT (.+)/.exec(stdout)?.[1] ?? "")
    .split(" ")
    .map(Number);
  if (requests === 0 || errors > 0) throw new Error(`${errors} of ${requests} requests to ${url} failed`);
  return { perSecond: Math.round(requests / (durationUs / 1e6)), p50Ms: p50Us / 1000, p99Ms: p99Us / 1000 };
}

export function medianOf(all: readonly Measured[]): Measured {
  const of = (name: keyof Measured) => Number(median(all.map((each) => each[name])).toFixed(3));
  return { perSecond: of("perSecond"), p50Ms: of("p50Ms"), p99Ms: of("p99Ms") };
}

/** A Lua string: JSON's escapes are Lua's, for what stands here. */
const quoted = (text: string): string => JSON.stringify(text);
