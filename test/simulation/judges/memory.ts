import type { Isolate } from "../world/isolate.ts";
import type { Judge } from "./judge.ts";

export interface MemoryOptions {
  /** The isolates that live. */
  readonly living: () => readonly Isolate[];
  /** Most entries that an isolate may keep. */
  readonly most: number;
  /** Lets go of what nobody can reach. */
  readonly collect: () => void;
}

/** Maps that are not the limiter's own stores of keys: small ones of its construction. */
const SLACK = 64;

export function memoryJudge({ living, most, collect }: MemoryOptions): Judge {
  return {
    name: "memory",
    promise:
      "An isolate keeps no more entries than its snapshots and its memory fallback may have, however many keys are asked for.",
    see(happening, { complain }) {
      if (happening.type !== "ended") return;
      collect();
      for (const { id, maps } of living()) {
        const entries = maps.reduce((sum, map) => sum + (map.deref()?.size ?? 0), 0);
        if (entries > most + SLACK) complain(`isolate ${id} keeps ${entries} entries, at most ${most}`);
      }
    },
  };
}
