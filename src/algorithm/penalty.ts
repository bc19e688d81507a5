import { type Demand, NO_CEILING, type Step } from "./algorithm.ts";
import type { Program } from "./program.ts";

/** The numbers of a penalty, times in ms. */
export interface PenaltyNumbers {
  readonly after: number;
  readonly within: number;
  readonly length: number;
  readonly factor: number;
  readonly most: number;
}

/**
 * What a call means to a penalty. Of `strike` a denial is a strike, of `look` it is none; what is booked is never denied; `block` blocks
 * the key.
 */
export type PenaltyTask = "strike" | "look" | "book" | "block";

/** What is kept of a key's denials. */
export interface PenaltyRecord {
  /** The times of the strikes that count, and maybe of older ones; the newest comes last. */
  readonly strikes: readonly number[];
  /** How many blocks made the next one longer when the last one ended. */
  readonly steps: number;
  /** When the last block ends or ended; 0 if there was none. */
  readonly blockedUntil: number;
}

/** What a call made of it. */
export interface PenaltyStep {
  readonly record: PenaltyRecord;
  /** Set where the key is blocked for the call: when that ends, negative if it begins with this call. */
  readonly blockedUntil?: number;
  readonly writes: boolean;
  /** Ms until it can be forgotten. */
  readonly lifeMs: number;
}

const NOTHING: PenaltyRecord = { strikes: [], steps: 0, blockedUntil: 0 };

/** The twin of lua/penalty.lua: one call, which its key's policies alone have `denied` or not. */
export function penaltyStep(
  kept: PenaltyRecord | undefined,
  now: number,
  task: PenaltyTask,
  denied: boolean,
  numbers: PenaltyNumbers,
): PenaltyStep {
  const { after, within } = numbers;
  const record = kept ?? NOTHING;
  const isBlocked = task !== "block" && record.blockedUntil > now;
  const time = Math.max(now, record.strikes.at(-1) ?? 0);
  if (isBlocked || task === "look" || task === "book" || (task === "strike" && !denied)) {
    const lifeMs = lifeOf(record, now, numbers);
    const told = isBlocked && task !== "book";
    return { record, writes: false, lifeMs, ...(told && { blockedUntil: record.blockedUntil }) };
  }
  const strikes = [...record.strikes.filter((struck) => struck > time - within), time];
  const begins = task === "block" || strikes.length >= after;
  const struck = begins ? blocked(record, time, task, numbers) : { ...record, strikes };
  const lifeMs = lifeOf(struck, now, numbers);
  return { record: struck, writes: true, lifeMs, ...(begins && { blockedUntil: -struck.blockedUntil }) };
}

function blocked(record: PenaltyRecord, time: number, task: PenaltyTask, numbers: PenaltyNumbers): PenaltyRecord {
  const { within, factor, most } = numbers;
  const since = Math.max(0, time - record.blockedUntil);
  let steps = Math.max(0, record.steps - Math.floor(since / within));
  let { length } = numbers;
  if (task === "strike") {
    for (let step = 0; step < steps; step += 1) length = Math.min(most, length * factor);
    if (length < most && factor > 1) steps += 1;
  }
  return { strikes: [], steps, blockedUntil: Math.max(record.blockedUntil, time + length) };
}

function lifeOf({ strikes, steps, blockedUntil }: PenaltyRecord, now: number, { within }: PenaltyNumbers): number {
  const newest = strikes.at(-1) ?? 0;
  return Math.max(0, blockedUntil + steps * within - now, newest + within - now);
}

/** What is kept of a key with a penalty, in this process. */
interface Kept {
  readonly counts: unknown;
  readonly penalty: PenaltyRecord | undefined;
}

/** The same program, whose calls on a key with a penalty are such a task; a denial may leave something, too. */
export function penalized(program: Program, task: PenaltyTask, numbers: PenaltyNumbers): Program {
  return {
    ...program,
    ...(task === "strike" && { look: penalized(program, "look", numbers) }),
    step(kept, now, demands): Step {
      const { counts, penalty } = (kept ?? {}) as Partial<Kept>;
      const step = program.step(counts, now, demands);
      const { record, blockedUntil, writes, lifeMs } = penaltyStep(penalty, now, task, !step.allowed, numbers);
      const told = blockedUntil !== undefined && { blockedUntil };
      if (step.allowed && !told) {
        const kept: Kept = { counts: step.kept, penalty: lifeMs > 0 ? record : undefined };
        return { ...step, kept, ttlMs: Math.max(step.ttlMs, lifeMs) };
      }
      const before = program.step(counts, now, demands.map(takingNothing));
      return {
        allowed: false,
        state: step.allowed ? before.state : step.state,
        kept: { counts, penalty: record } satisfies Kept,
        ttlMs: Math.max(counts === undefined ? 0 : before.ttlMs, lifeMs),
        writes,
        ...told,
      };
    },
  };
}

const takingNothing = ({ since: _since, ...demand }: Demand): Demand => ({ ...demand, delta: 0, ceiling: NO_CEILING });
