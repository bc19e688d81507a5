import type { Reporter } from "vitest/node";

/**
 * What workerd itself logs where a test is done, and where one takes its way to Redis away on purpose: the pool's socket to it
 * is closed, nobody listens. Whoever looks for a fault would take it for one; everything else that workerd says stays.
 */
const EXPECTED =
  /^(uncaught )?exception[;=\s].*(WebSocket peer disconnected|connect\(\): Connection refused|Network connection lost)/;

/** True for a record of workerd's log that tells of no fault. */
export const isExpected = (record: unknown): boolean => typeof record === "string" && EXPECTED.test(record);

/** Keeps those records from between the results of the tests. */
export const quietWorkerd: Reporter = {
  onInit() {
    for (const stream of [process.stdout, process.stderr]) {
      const write = stream.write.bind(stream);
      stream.write = ((...args: Parameters<typeof write>) => isExpected(args[0]) || write(...args)) as typeof write;
    }
  },
};
