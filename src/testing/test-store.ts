import { memoryStore } from "../store/memory.ts";
import type { LocalStore, StepRequest } from "../store/store.ts";

/** A store in this process that tells what became of it. */
export interface TestStore extends LocalStore {
  /** The keys that hold something, as Redis would have them, in the order of their first use: `["login:b10s:alice"]`. */
  keys(): string[];
  /** How many times the store was asked. */
  readonly asked: number;
  /** Forgets everything, the count of `asked` included. */
  clear(): void;
}

/**
 * A memory store to look into. One for each test, or one for all and `clear()` between them. Time is the limiter's, so keys
 * that have expired by it are still named; they count as nothing.
 */
export function testStore(): TestStore {
  let memory = memoryStore({ maxKeys: Number.MAX_SAFE_INTEGER });
  const held = new Set<string>();
  let asked = 0;

  return {
    remote: false,
    clock: "limiter",
    step(request: StepRequest) {
      asked += 1;
      const reply = memory.step(request);
      if (reply.allowed) held.add(request.key);
      return reply;
    },
    reset(key) {
      asked += 1;
      held.delete(key);
      memory.reset(key);
    },
    keys: () => [...held],
    get asked() {
      return asked;
    },
    clear() {
      memory = memoryStore({ maxKeys: Number.MAX_SAFE_INTEGER });
      held.clear();
      asked = 0;
    },
  };
}
