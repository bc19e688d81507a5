import type { Decision } from "../../core/decision.ts";
import { sleep } from "../sleep.ts";

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1000;

/** What waiting for a place needs. */
export interface Seeker<Answer extends Decision> {
  /** Asks for a place; `leftMs`: so long it may take. */
  hold(leftMs: number): Promise<Answer>;
  now(): number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Asks for a place until there is one, or `timeoutMs` have passed. Nobody tells of a release, so it asks again after pauses that double
 * from 50 ms to a second, each cut at random by up to a half; who asks first when a place is free gets it.
 */
export async function placeWithin<Answer extends Decision>(timeoutMs: number, seeker: Seeker<Answer>): Promise<Answer> {
  const { now, signal } = seeker;
  let leftMs = timeoutMs;
  let seenAt = now();
  let pauseMs = FIRST_PAUSE_MS;
  /** Counts what has passed, at least `leastMs`: a clock set back must not make the wait longer. */
  const pass = (leastMs: number) => {
    const time = now();
    leftMs = Math.max(0, leftMs - Math.max(leastMs, time - seenAt));
    seenAt = time;
  };
  for (;;) {
    const decision = await seeker.hold(leftMs);
    pass(0);
    const { retryAfterMs } = decision;
    if (decision.allowed || decision.source === "fallback" || retryAfterMs === Infinity || leftMs === 0)
      return decision;
    const cutMs = Math.floor((Math.random() * pauseMs) / 2);
    const sleepMs = Math.max(1, Math.min(leftMs, retryAfterMs, pauseMs - cutMs));
    await sleep(sleepMs, signal);
    pass(sleepMs);
    pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
  }
}
