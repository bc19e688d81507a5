import {
  type PenaltyNumbers,
  type PenaltyRecord,
  type PenaltyTask,
  penaltyStep,
} from "../../../src/algorithm/penalty.ts";
import { GRACE_MS } from "../../../src/algorithm/step.ts";
import type { KeyStep } from "../world/history.ts";
import type { Keyspace, Stored } from "./keyspace.ts";

/** What a script is told of a key's penalty. */
export interface PenaltyAsked {
  readonly task: PenaltyTask;
  readonly numbers: PenaltyNumbers;
}

/** What lies under a key while something of its penalty counts; the counts have an end of their own. */
export interface Kept {
  readonly counts: Stored | undefined;
  readonly penalty: PenaltyRecord;
}

/** A key with a penalty, in the course of one script. */
export interface OpenPenalty {
  /** Where the script finds the counts, and leaves them. */
  readonly counts: Keyspace;
  /** Its part in the verdict, given that of the key's own policies; false if the key is blocked. */
  rules(denied: boolean): boolean;
  /** Behind the counts in a reply. */
  readonly told: number;
  /** Writes what the call made of it, with the counts, if these were written or this changed: then they live `stayMs` more if not written. */
  close(wrote: boolean, stayMs: number): Required<Pick<KeyStep, "penalty" | "endsAt">>;
}

const TASKS: Readonly<Record<string, PenaltyTask>> = { s: "strike", l: "look", b: "book", x: "block" };

/** Reads what penalty.lua has at `from`; undefined where the key has none. */
export function penaltyAt(args: readonly string[], from: number): PenaltyAsked | undefined {
  if (args[from] !== "!") return undefined;
  const task = TASKS[args[from + 1] ?? ""];
  if (!task) throw new Error(`no task of a penalty has the letter ${args[from + 1]}`);
  const [after = 0, within = 0, length = 0, factor = 0, most = 0] = args.slice(from + 2, from + 7).map(Number);
  return { task, numbers: { after, within, length, factor, most } };
}

/** How many arguments that are. */
export const PENALTY_ARGUMENTS = 7;

export function openPenalty(
  keyspace: Keyspace,
  key: string,
  { task, numbers }: PenaltyAsked,
  asked: number,
  databaseNow: number,
): OpenPenalty {
  const stored = keyspace.get(key, databaseNow);
  const kept = keptIn(stored);
  let counts = kept.counts;
  let step = penaltyStep(kept.penalty, asked, "look", false, numbers);
  return {
    counts: {
      ...keyspace,
      get: () => counts,
      set(_key, stored) {
        counts = stored;
      },
    },
    rules(denied) {
      step = penaltyStep(kept.penalty, asked, task, denied, numbers);
      return step.blockedUntil === undefined;
    },
    get told() {
      return step.blockedUntil ?? 0;
    },
    close(wrote, stayMs) {
      const { record, lifeMs, blockedUntil = 0, writes } = step;
      const renewed = (wrote || writes) && (lifeMs > 0 || counts !== undefined);
      if (renewed && !wrote) counts = counts && stayMs > 0 ? { ...counts, endsAt: databaseNow + stayMs } : undefined;
      if (renewed) {
        const endsAt = Math.max(counts?.endsAt ?? 0, databaseNow + lifeMs + GRACE_MS);
        if (lifeMs > 0) keyspace.set(key, { value: { counts, penalty: record } satisfies Kept, endsAt }, databaseNow);
        else if (counts) keyspace.set(key, counts, databaseNow);
      }
      const leftMs = stored && stored.endsAt - databaseNow;
      return { penalty: { task, blockedUntil, leftMs, renewed }, endsAt: keyspace.get(key, databaseNow)?.endsAt };
    },
  };
}

export function keptIn(stored: Stored | undefined): Partial<Kept> {
  const value = stored?.value as Partial<Kept> | undefined;
  return value?.penalty ? value : { counts: stored };
}
