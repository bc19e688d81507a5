import { StoreError, type StoreErrorKind } from "../core/errors.ts";
import { memoryStore } from "../store/memory.ts";
import type { RemoteStore } from "../store/store.ts";

/** A store that has to be asked, as Redis has, and may be out of reach. */
export interface OutageStore extends RemoteStore {
  /** True: every request fails, and nothing is counted. May be set at any time. */
  isDown: boolean;
}

/**
 * A store for tests of failure modes: down from the start, and well once `isDown` is set to false. `kind` says why it is down:
 * `"network"`, `"timeout"`, `"auth"` or `"reply"`; it fails at once in each case. It counts in this process, one key at a time,
 * so `allOf` refuses it.
 */
export function outageStore(kind: StoreErrorKind = "network"): OutageStore {
  const memory = memoryStore();

  const store: OutageStore = {
    remote: true,
    clock: "limiter",
    isDown: true,
    async step(request) {
      throwIfDown();
      return memory.step(request);
    },
    async reset(key) {
      throwIfDown();
      memory.reset(key);
    },
  };
  return store;

  function throwIfDown(): void {
    if (store.isDown) throw new StoreError(kind, `The outage that a test asked for: ${kind}`);
  }
}
