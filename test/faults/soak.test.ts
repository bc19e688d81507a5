import { expect, test } from "vitest";
import { soak } from "./soak/run.ts";

test("five seconds of load with Redis killed and stopped: all answered in time, nobody wrongly admitted", async () => {
  const report = await soak({ seconds: 5, outages: 2, timeoutMs: 500 });
  for (const tally of Object.values(report.tallies)) {
    expect(tally).toMatchObject({ answered: tally.calls, late: 0, wrong: 0, thrown: 0 });
    expect(tally.store).toBeGreaterThan(0);
    // An outage costs the callers of the moment their deadline, and then one call at a time.
    expect(tally.waited).toBeLessThan(100);
  }
  const { open, closed, memory } = report.tallies;
  for (const count of [open.fallback, closed.fallback, memory.memory]) expect(count).toBeGreaterThan(100);
  expect(report).toMatchObject({ kills: 1, stops: 1, unhandled: 0, recovered: ["open", "closed", "memory"] });
  expect(report.bytesAtEnd - report.bytesAtStart).toBeLessThan(20_000_000);
});
