import type { LimiterToDescribe } from "../../core/limiter-to-describe.ts";
import type { RemoteStore } from "../../store/store.ts";
import { descriptionIn, descriptionText, type LimiterDescription } from "./description.ts";
import { describeLimiter, readLimiters } from "./scripts.ts";

/** A store of `redisStore(redis, { namespace })`, for scripts that are no steps. */
export type Scripts = Pick<Required<RemoteStore>, "run">;

/** Where the descriptions lie, behind the namespace. No limiter's key is the same: behind its name comes a kind with a digit. */
const KEY = "sluice:limiters";
export const DAY_MS = 86_400_000;
/** A description that is not written for so long is gone. */
const LIFE_DAYS = 30;
/** Most limiters of a database; beyond it the description that is oldest goes. */
export const MOST_LIMITERS = 256;

/**
 * Writes what a limiter is to the database, if something else stands there or what stands there is from another day. To be
 * called once by an isolate. Billed are 2 commands, or 5 and more once a day. Rejects with a `StoreError`.
 */
export async function writeDescription(
  { run }: Scripts,
  limiter: LimiterToDescribe,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const today = Math.floor(now / DAY_MS);
  const numbers = [today - LIFE_DAYS, LIFE_DAYS * DAY_MS, MOST_LIMITERS].map(String);
  await run(describeLimiter, [KEY], [limiter.name, `${today} ${descriptionText(limiter)}`, ...numbers], signal);
}

/** The limiters that have described themselves within 30 days, by name. 2 commands. Rejects with a `StoreError`. */
export async function readDescriptions(
  { run }: Scripts,
  now: number,
  signal: AbortSignal,
): Promise<LimiterDescription[]> {
  const reply = await run(readLimiters, [KEY], [], signal);
  const parts = Array.isArray(reply) ? reply.map(String) : [];
  const today = Math.floor(now / DAY_MS);
  const found: LimiterDescription[] = [];
  const before = new Map<string, LimiterDescription>();
  for (let i = 0; i + 1 < parts.length; i += 2) {
    // What was said otherwise has a mark behind its name and its text: so it is no description to those who do not know of it.
    const [name = "", mark] = (parts[i] as string).split("!");
    const [, day, text = ""] = /^(\d+) (.*?)!?$/s.exec(parts[i + 1] as string) ?? [];
    const description = descriptionIn(name, text);
    if (!description || Number(day) <= today - (mark === undefined ? LIFE_DAYS : 2)) continue;
    if (mark === undefined) found.push(description);
    else before.set(name, description);
  }
  for (const [i, description] of found.entries()) {
    const otherwise = before.get(description.name);
    if (otherwise) found[i] = { ...description, otherwise };
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}
