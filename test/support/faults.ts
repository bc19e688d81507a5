import type { StoreErrorKind } from "sluice";
import type { Fault } from "./fault-proxy.ts";

/** A fault, and what must come of a check that meets it. */
export interface FaultCase {
  readonly name: string;
  readonly fault: Fault;
  /** Undefined: the store's answer arrives all the same. */
  readonly kind: StoreErrorKind | undefined;
  /** Whether the cost is taken in the store; then exactly once. */
  readonly taken: boolean;
  /** Requests that the check makes. */
  readonly requests: number;
}

const HTML = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>NOPERM ERR NOSCRIPT</h1></body></html>";

const onWire = (name: string, fault: Fault, kind: StoreErrorKind | undefined, taken = false): FaultCase => ({
  name,
  fault,
  kind,
  taken,
  requests: 1,
});

const answered = (name: string, status: number, body: string, kind: StoreErrorKind = "reply", requests = 1) => ({
  ...onWire(name, { kind: "answer", status, body }, kind),
  requests,
});

const redisSays = (text: string, kind: StoreErrorKind = "reply", requests = 1): FaultCase =>
  answered(`Redis says ${text.split(" ").slice(0, 3).join(" ")}`, 400, JSON.stringify({ error: text }), kind, requests);

const text = (value: string) => Buffer.from(value).toString("base64");

/** Every fault of the wire, of HTTP, of Redis and of the reply itself. */
export const FAULTS: readonly FaultCase[] = [
  onWire("a late answer, within the deadline", { kind: "delay", ms: 20 }, undefined, true),
  onWire("a hang before the store has taken the cost", { kind: "hang", commit: false }, "timeout"),
  onWire("a hang after the store has taken the cost", { kind: "hang", commit: true }, "timeout", true),
  onWire("an endless body", { kind: "endless", bytes: 65_536 }, "reply"),
  onWire("an endless body that trickles", { kind: "endless", bytes: 1 }, "timeout"),
  onWire("a reset before the store has taken the cost", { kind: "reset", commit: false }, "network"),
  onWire("a reset after the store has taken the cost", { kind: "reset", commit: true }, "network", true),
  onWire("half a body", { kind: "cut" }, "network", true),
  onWire("a truncated body", { kind: "truncated" }, "reply", true),

  ...[200, 400, 401, 403, 404, 408, 413, 418, 429, 500, 502, 503, 504].map((status) => ({
    ...answered(`an HTML page with status ${status}`, status, HTML),
    fault: { kind: "answer", status, body: HTML, type: "text/html" } as const,
  })),
  answered("an empty body", 200, ""),
  answered("status 500 with a JSON error that isn't Redis's", 500, '{"message":"internal"}'),
  answered("status 429 from the provider", 429, '{"error":"Too Many Requests"}'),
  answered("status 401 from the provider", 401, '{"error":"WRONGPASS invalid or missing auth token"}', "auth"),
  answered("status 401 in other words", 401, '{"error":"Unauthorized"}', "auth"),
  answered("status 503, the REST server without its Redis", 503, '{"error":"UNAVAILABLE try again"}', "network"),

  redisSays("ERR max daily request limit exceeded. Limit: 10000, Usage: 10000"),
  redisSays("READONLY You can't write against a read only replica."),
  redisSays("NOPERM this user has no permissions to run the 'evalsha' command", "auth"),
  redisSays("WRONGTYPE Operation against a key holding the wrong kind of value"),
  redisSays("OOM command not allowed when used memory > 'maxmemory'."),
  redisSays("BUSY Redis is busy running a script."),
  redisSays("LOADING Redis is loading the dataset in memory"),
  redisSays("MISCONF Redis is configured to save RDB snapshots"),
  redisSays("NOSCRIPT No matching script. Please use EVAL.", "reply", 2),

  answered("JSON that is null", 200, "null"),
  answered("JSON that is a number", 200, "5"),
  answered("JSON that is an array", 200, "[null]"),
  answered("an object without a result", 200, "{}"),
  answered("a result that is null", 200, '{"result":null}'),
  answered("a result that is a boolean", 200, '{"result":true}'),
  answered("a result that is an object", 200, '{"result":{"allowed":1}}'),
  answered("a result that is a text", 200, `{"result":"${text("allowed")}"}`),
  answered("a result that is not base64", 200, '{"result":"%%%"}'),
  answered("a script's reply of no number", 200, '{"result":[]}'),
  answered("a script's reply of too few numbers", 200, '{"result":[1]}'),
  answered("a script's reply of too many numbers", 200, '{"result":[1,1,1,1,1]}'),
  answered("a script's reply of texts", 200, `{"result":["${text("yes")}","${text("no")}","${text("x")}"]}`),
  answered("a script's reply of fractions", 200, '{"result":[1,1.5,0.5]}'),
  answered("a script's reply of numbers too large", 200, '{"result":[1,1e300,9007199254740993]}'),
  answered("a script's reply of negative numbers", 200, '{"result":[1,-5,-5]}'),
  answered("a script's reply from long ago", 200, '{"result":[1,0,0]}'),
];
