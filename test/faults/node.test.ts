import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAULTS } from "../support/faults.ts";
import { eventually, expectNoSecrets, LIMIT, outline, PATIENCE_MS, type Rig, startRig, TIMEOUT_MS } from "./rig.ts";

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
  // The script is known to Redis from here on, so a check is one request.
  await rig.counted("first");
});

afterAll(() => rig?.close());

const MODES = ["open", "closed", "memory"] as const;

describe.each(FAULTS)("Node: $name", ({ fault, kind, taken, requests }) => {
  test.each(MODES)("failure mode %s", async (failureMode) => {
    const key = `key-${crypto.randomUUID()}`;
    const limiter = rig.limiter({ failureMode, timeoutMs: kind === "timeout" ? TIMEOUT_MS : PATIENCE_MS });
    const before = rig.proxy.requests;
    rig.proxy.fault = fault;
    const decision = await limiter.consume(key).finally(() => {
      rig.proxy.fault = { kind: "none" };
    });
    expect(rig.proxy.requests - before).toBe(requests);
    if (kind === undefined) expect(outline(decision)).toEqual({ source: "store", allowed: true, kind });
    else {
      const source = failureMode === "memory" ? "memory" : "fallback";
      expect(outline(decision)).toEqual({ source, allowed: failureMode !== "closed", kind });
      expectNoSecrets(decision.error, [key, rig.rest.token]);
      expect(decision).toMatchObject(
        failureMode === "memory" ? { remaining: LIMIT - 1 } : { retryAfterMs: decision.allowed ? 0 : 1000 },
      );
      if (source === "fallback") expect(decision).not.toHaveProperty("remaining");
    }
    await eventually(() => rig.counted(key)).toBe(taken ? 1 : 0);
  });
});
