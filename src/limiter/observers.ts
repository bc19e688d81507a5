import type { Observer } from "../core/event.ts";
import { misuse } from "../core/misuse.ts";

/**
 * One observer that tells all of `onEvent`, a function or a list of them; `undefined` if there are none. A mistake of an
 * observer must not become the caller's, nor an unhandled rejection if it is asynchronous.
 */
export function tellerOf(onEvent: unknown): Observer | undefined {
  if (onEvent === undefined) return undefined;
  const observers: Observer[] = [onEvent].flat() as Observer[];
  for (const observer of observers) {
    if (typeof observer !== "function") {
      throw misuse("onEvent", "a function or a list of functions", observer);
    }
  }
  return (event) => {
    for (const observer of observers) {
      try {
        const told: unknown = observer(event);
        if (told instanceof Promise) told.catch(() => {});
      } catch {}
    }
  };
}
