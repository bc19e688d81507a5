import type { Attributes, Meter, Tracer } from "@opentelemetry/api";
import type { DecisionEvent, LimiterEvent, Observer, StoreEvent } from "../core/event.ts";
import { misuse } from "../core/misuse.ts";
import { decides } from "./decides.ts";
import { verdictOf } from "./verdict.ts";

export interface OtelOptions {
  /** Makes a span of every operation that asked the store, a child of the span that is active then. Default: no spans. */
  tracer?: Tracer | undefined;
}

/** In seconds, as OpenTelemetry counts durations. */
const BOUNDARIES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2];

// The values of SpanKind.CLIENT and SpanStatusCode.ERROR: of the API only types are used.
const CLIENT = 2;
const ERROR = 2;

/**
 * An observer that tells OpenTelemetry: of each `consume`, `wait` and `reserve` in `sluice.check`, of each request to the store in
 * `sluice.store.duration`, and of calls that were answered without a request because the store is known to be away in
 * `sluice.breaker.rejected`. No key gets into an attribute. Throws a `TypeError` if `meter` or `tracer` is none.
 */
export function otel(meter: Meter, { tracer }: OtelOptions = {}): Observer {
  if (typeof meter?.createCounter !== "function") throw misuse("meter", "a Meter of OpenTelemetry", meter);
  if (tracer !== undefined && typeof tracer?.startSpan !== "function") {
    throw misuse("tracer", "a Tracer of OpenTelemetry", tracer);
  }
  const checks = meter.createCounter("sluice.check", {
    unit: "{check}",
    description: "Calls that were let pass or denied",
  });
  const rejected = meter.createCounter("sluice.breaker.rejected", {
    unit: "{check}",
    description: "Calls that the store was not asked for because it is known to be away",
  });
  const durations = meter.createHistogram("sluice.store.duration", {
    unit: "s",
    description: "Time until the store answered or was given up on",
    advice: { explicitBucketBoundaries: BOUNDARIES },
  });

  function decided(event: DecisionEvent): void {
    const { limiter, decision, storeMs } = event;
    if (decides(event.operation)) {
      checks.add(1, attributesOf(event));
      if (decision.error && storeMs === undefined) rejected.add(1, { "sluice.limiter": limiter });
    }
    if (storeMs === undefined || !tracer) return;
    const endTime = Date.now();
    const attributes = attributesOf(event);
    const span = tracer.startSpan(`sluice.${event.operation}`, {
      kind: CLIENT,
      startTime: endTime - storeMs,
      attributes,
    });
    if (decision.error) span.setStatus({ code: ERROR, message: decision.error.message });
    span.end(endTime);
  }

  function asked({ limiter, purpose, ms, error }: StoreEvent): void {
    const attributes = { "sluice.limiter": limiter, "sluice.purpose": purpose };
    durations.record(ms / 1000, error ? { ...attributes, "error.type": error.kind } : attributes);
  }

  return (event: LimiterEvent) => (event.type === "decision" ? decided(event) : asked(event));
}

function attributesOf(event: DecisionEvent): Attributes {
  const { limiter, decision } = event;
  const { outcome, policy } = verdictOf(event);
  return {
    "sluice.limiter": limiter,
    "sluice.policy": policy,
    "sluice.result": outcome,
    "sluice.source": decision.source,
    ...(decision.error && { "error.type": decision.error.kind }),
  };
}
