import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { allOf, createLimiter, fixedWindow, type LimiterOptions, memoryStore, type Store, StoreError } from "sluice";
import { otel } from "sluice/otel";
import { afterAll, describe, expect, test } from "vitest";
import { clockAt } from "../support/clock.ts";
import { simulatedRedis } from "../support/simulated-redis.ts";

// The SDK itself, which exports into memory. Its reader exports when it is asked to, not by its timer.
const providers: { shutdown(): Promise<void> }[] = [];
afterAll(async () => void (await Promise.all(providers.map((provider) => provider.shutdown()))));

function sdk() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
  const meters = new MeterProvider({ readers: [reader] });
  const spans = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  providers.push(meters, tracers);

  async function metrics() {
    exporter.reset();
    await reader.forceFlush();
    const [found] = exporter.getMetrics();
    return (found?.scopeMetrics ?? []).flatMap((scope) => scope.metrics);
  }
  /** The points of a metric as [value, attributes]; of a histogram the count stands for the value. */
  async function points(name: string) {
    const metric = (await metrics()).find(({ descriptor }) => descriptor.name === name);
    return (metric?.dataPoints ?? []).map(({ value, attributes }) => [
      typeof value === "number" ? value : value.count,
      attributes,
    ]);
  }
  return { meter: meters.getMeter("test"), tracer: tracers.getTracer("test"), spans, metrics, points };
}

const policies = [fixedWindow({ name: "quota", limit: 2, window: "1 h" })];
const SECRET = "ada@example.org";

function limiterOf(more: Partial<LimiterOptions>) {
  return createLimiter({ name: "login", store: memoryStore(), policies, ...more });
}

/** A store that takes `ms` by the clock and then fails. */
function sick(clock: { ms: number }, ms: number): Store {
  const step = async () => {
    clock.ms += ms;
    throw new StoreError("network", "Redis could not be reached");
  };
  return { remote: true, clock: "limiter", step, reset: async () => {} };
}

describe("metrics", () => {
  test("the names, units and attributes that are documented, and none else", async () => {
    const { meter, metrics } = sdk();
    const clock = clockAt();
    const limiter = limiterOf({ store: sick(clock, 5), now: clock.now, onEvent: otel(meter) });
    for (let i = 0; i < 5; i += 1) await limiter.consume(SECRET);
    const found = (await metrics()).map(({ descriptor: { name, unit }, dataPoints }) => ({
      name,
      unit,
      attributes: [...new Set(dataPoints.flatMap(({ attributes }) => Object.keys(attributes)))],
    }));
    expect(found).toEqual([
      {
        name: "sluice.check",
        unit: "{check}",
        attributes: ["sluice.limiter", "sluice.policy", "sluice.result", "sluice.source", "error.type"],
      },
      { name: "sluice.breaker.rejected", unit: "{check}", attributes: ["sluice.limiter"] },
      {
        name: "sluice.store.duration",
        unit: "s",
        attributes: ["sluice.limiter", "sluice.purpose", "error.type"],
      },
    ]);
    expect(JSON.stringify(await metrics())).not.toContain("ada");
  });

  test("sluice.check counts what decides, by policy, result and source", async () => {
    const { meter, points } = sdk();
    const limiter = limiterOf({ onEvent: otel(meter) });
    for (let i = 0; i < 5; i += 1) await limiter.consume("k");
    await limiter.consume("k", { limit: 0 });
    await limiter.peek("k");
    await limiter.refund("k", 1);
    await limiter.wait("k", { timeoutMs: 0 });
    const own = { "sluice.limiter": "login", "sluice.policy": "quota" };
    expect(await points("sluice.check")).toEqual([
      [3, { ...own, "sluice.result": "allowed", "sluice.source": "store" }],
      [3, { ...own, "sluice.result": "denied", "sluice.source": "store" }],
      [1, { ...own, "sluice.result": "denied", "sluice.source": "snapshot" }],
    ]);
  });

  test("of several limiters each tells its own result", async () => {
    const { meter, points } = sdk();
    const store = memoryStore();
    const onEvent = otel(meter);
    const wide = [fixedWindow({ name: "wide", limit: 9, window: "1 h" })];
    const both = allOf({
      org: limiterOf({ name: "org", store, policies: wide, onEvent }),
      user: limiterOf({ name: "user", store, onEvent }),
    });
    for (let i = 0; i < 3; i += 1) await both.consume({ org: "acme", user: "ada" });
    const of = (limiter: string, policy: string, result: string) => ({
      "sluice.limiter": limiter,
      "sluice.policy": policy,
      "sluice.result": result,
      "sluice.source": "store",
    });
    expect(await points("sluice.check")).toEqual([
      [2, of("org", "wide", "allowed")],
      [2, of("user", "quota", "allowed")],
      [1, of("org", "wide", "denied-by-another")],
      [1, of("user", "quota", "denied")],
    ]);
  });

  test("failures by kind, and what the breaker answered", async () => {
    const { meter, points } = sdk();
    const clock = clockAt();
    const store = sick(clock, 5);
    const limiter = limiterOf({ store, now: clock.now, failureMode: "closed", onEvent: otel(meter) });
    for (let i = 0; i < 8; i += 1) await limiter.consume("k");
    const call = { "sluice.policy": "quota", "sluice.result": "denied", "sluice.source": "fallback" };
    const own = { "sluice.limiter": "login" };
    expect(await points("sluice.check")).toEqual([[8, { ...own, ...call, "error.type": "network" }]]);
    expect(await points("sluice.breaker.rejected")).toEqual([[5, own]]);
    const request = { ...own, "sluice.purpose": "check", "error.type": "network" };
    expect(await points("sluice.store.duration")).toEqual([[3, request]]);
  });

  test("sluice.store.duration is in seconds, by purpose", async () => {
    const { meter, metrics } = sdk();
    const clock = clockAt();
    const redis = simulatedRedis(clock.now);
    const store: Store = {
      ...redis,
      step: (request, signal) => {
        clock.ms += 7;
        return redis.step(request, signal);
      },
    };
    const limiter = limiterOf({ store, now: clock.now, onEvent: otel(meter) });
    await limiter.consume("a");
    await limiter.consume("b");
    await limiter.reset("a");
    const durations = (await metrics()).find(({ descriptor }) => descriptor.name === "sluice.store.duration");
    expect(durations?.dataPoints).toMatchObject([
      { attributes: { "sluice.limiter": "login", "sluice.purpose": "check" }, value: { count: 2, sum: 0.014 } },
      { attributes: { "sluice.limiter": "login", "sluice.purpose": "reset" }, value: { count: 1, sum: 0 } },
    ]);
  });
});

describe("spans", () => {
  test("one for each operation that asked the store, as long as that took, with no key in it", async () => {
    const { meter, tracer, spans } = sdk();
    const clock = clockAt();
    const store = sick(clock, 25);
    const breaker = { failures: 2 };
    const limiter = limiterOf({ store, breaker, now: clock.now, onEvent: otel(meter, { tracer }) });
    await limiter.consume(SECRET);
    await limiter.charge(SECRET, 1);
    await limiter.consume(SECRET);
    const found = spans.getFinishedSpans();
    expect(found.map(({ name }) => name)).toEqual(["sluice.consume", "sluice.charge"]);
    for (const { kind, duration, status, attributes } of found) {
      expect([kind, duration]).toEqual([SpanKind.CLIENT, [0, 25_000_000]]);
      expect(status).toEqual({ code: SpanStatusCode.ERROR, message: "Redis could not be reached" });
      expect(attributes).toEqual({
        "sluice.limiter": "login",
        "sluice.policy": "quota",
        "sluice.result": "allowed",
        "sluice.source": "fallback",
        "error.type": "network",
      });
    }
  });

  test("none without a tracer", async () => {
    const { meter, spans } = sdk();
    const clock = clockAt();
    await limiterOf({ store: simulatedRedis(clock.now), now: clock.now, onEvent: otel(meter) }).consume("k");
    expect(spans.getFinishedSpans()).toEqual([]);
  });
});

test("misuse is told by name", () => {
  const { meter } = sdk();
  expect(() => otel(undefined as never)).toThrow("meter must be a Meter of OpenTelemetry, not undefined");
  expect(() => otel(meter, { tracer: meter as never })).toThrow("tracer must be a Tracer of OpenTelemetry");
});
