import { StoreError } from "../../src/core/errors.ts";
import type { RemoteStore } from "../../src/store/store.ts";

/** A store with a switch: while it is `down`, nothing reaches it. */
export function interruptible(store: RemoteStore): RemoteStore & { down: boolean } {
  const reached = <T>(answer: () => Promise<T>) =>
    interrupted.down ? Promise.reject(new StoreError("network", "out of reach")) : answer();
  const interrupted = {
    remote: store.remote,
    clock: store.clock,
    down: false,
    step: (...args: Parameters<RemoteStore["step"]>) => reached(() => store.step(...args)),
    reset: (...args: Parameters<RemoteStore["reset"]>) => reached(() => store.reset(...args)),
  };
  return interrupted;
}
