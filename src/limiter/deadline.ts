import { StoreError } from "../core/errors.ts";

/**
 * Runs `task` and gives up on it after `timeoutMs`, or when the caller's `signal` aborts: then the task's own signal
 * aborts, and what becomes of it later is nobody's concern. Rejects with a `StoreError` of kind `"timeout"`, or with
 * the caller's reason.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  caller: AbortSignal | undefined,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  caller?.throwIfAborted();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let onAbort: (() => void) | undefined;
  try {
    // One promise that whoever is first settles: every call pays for this, so there is no race of several.
    return await new Promise<T>((resolve, reject) => {
      const given = new AbortController();
      const giveUp = (reason: unknown) => {
        reject(reason);
        given.abort(reason);
      };
      timer = setTimeout(() => {
        // After a standstill a process hears its timers before its sockets: what arrived in time still counts.
        timer = setTimeout(
          () => giveUp(new StoreError("timeout", `The store did not answer within ${timeoutMs} ms`)),
          0,
        );
      }, timeoutMs);
      if (caller) {
        onAbort = () => giveUp(caller.reason);
        caller.addEventListener("abort", onAbort, { once: true });
      }
      task(given.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    if (onAbort) caller?.removeEventListener("abort", onAbort);
  }
}
