/** As much of Node's event emitter as is needed here. */
export interface Emitter {
  listenerCount(event: string): number;
  on(event: string, listener: (reason?: unknown) => void): unknown;
  off(event: string, listener: (reason?: unknown) => void): unknown;
}

/** Says that the attempt to connect has failed, by whichever client: the first of them tells why. */
const FAILED = ["error", "close", "end"];

/**
 * For a client whose own queue is not to be used: it would send what was given up on long ago. Waits for the attempt to connect
 * that is under way, and rejects as soon as it fails or `signal` aborts.
 */
export function createWaiting(client: Emitter): (signal: AbortSignal | undefined) => Promise<void> {
  // Each check tells what failed. Without a listener node-redis would end the process, and ioredis write to the console.
  if (client.listenerCount("error") === 0) client.on("error", () => {});
  // One for all who wait, since emitters warn of many listeners.
  let attempt: Promise<void> | undefined;

  function follow(): Promise<void> {
    let end = () => {};
    return new Promise<void>((resolve, reject) => {
      const onReady = () => resolve();
      client.on("ready", onReady);
      for (const event of FAILED) client.on(event, reject);
      end = () => {
        attempt = undefined;
        client.off("ready", onReady);
        for (const event of FAILED) client.off(event, reject);
      };
    }).finally(() => end());
  }

  return (signal) => {
    attempt ??= follow();
    const isReady = attempt;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      isReady.then(resolve, reject);
    });
  };
}
