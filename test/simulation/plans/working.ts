import type { Decision } from "../../../src/core/decision.ts";
import { allOf } from "../../../src/limiter/all-of.ts";
import type { Held } from "../../../src/limiter/in-flight/held.ts";
import { inFlight } from "../../../src/limiter/in-flight/policy.ts";
import { createLimiter, type InFlightLimiter, type Limiter } from "../../../src/limiter/limiter.ts";
import type { WorkRule } from "../world/history.ts";
import type { Callable } from "../world/isolate.ts";
import { plainLimiter, plainOptions } from "../world/limiter.ts";
import type { LimiterMaker, LimiterParts, SetMaker } from "../world/plan.ts";

/** What a caller has of a piece of work; of what is counted beside it, it may settle what was reserved. */
export type Answer = Decision & Held & { settle?(actual: { readonly user: number }): Promise<unknown> };

interface AskOptions {
  readonly cost: unknown;
  readonly id: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What lets work in. */
export interface Gate {
  hold(key: unknown, options: AskOptions): Promise<Answer>;
  reserve(key: unknown, options: AskOptions): Promise<Answer>;
}

/** What of a call becomes a piece of work; `id` is its name, if it has one. */
type Wish = { readonly cost: number } & Pick<AskOptions, "id" | "signal">;

type Parts = Pick<LimiterParts, "givesBack">;

/** The work's limiter, for whose gate another one may stand in. */
export const workers =
  (work: WorkRule, gateOf = (gate: Gate): Gate => gate): LimiterMaker =>
  (parts) => {
    if (parts.rule.name !== work.name) return plainLimiter(parts);
    const policies = [inFlight({ limit: work.limit, hold: work.holdMs })] as const;
    const limiter = createLimiter({ ...plainOptions(parts), name: work.name, policies: [policies[0]] });
    return Object.assign(limiter, { consume: working(gateOf(limiter as never), work, parts) }) as unknown as Limiter;
  };

/** The same for work and a quota together. */
export const workersTogether =
  (work: WorkRule, gateOf = (gate: Gate): Gate => gate): SetMaker =>
  (limiters, parts) => {
    const all = allOf(limiters as Readonly<Record<string, InFlightLimiter>>, { waitUntil: parts.waitUntil });
    return Object.assign(all, { consume: working(gateOf(all as never), work, parts) }) as unknown as Callable;
  };

const sleep = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
const chance = (probability: number) => Math.random() < probability;

/** A call that is a piece of work; it is answered when that is over. */
export function working(gate: Gate, { name, holdMs }: WorkRule, { givesBack }: Parts) {
  async function work(answers: Answer[], again: (() => Promise<Answer>) | undefined): Promise<void> {
    for (let leftMs = Math.random() * 3 * holdMs; ; ) {
      const ms = Math.min(leftMs, holdMs / 3);
      await sleep(ms);
      leftMs -= ms;
      if (leftMs <= 0) return;
      if (again && chance(0.15)) {
        const answer = await again();
        if (!answer.allowed) return;
        answers.push(answer);
      } else if (chance(0.8) && !(await oneOf(answers).extend())) return;
    }
  }

  /** By one answer or by each, in any order. */
  async function release(answers: readonly Answer[]): Promise<void> {
    const first = oneOf(answers);
    const others = chance(0.5) ? answers.filter((answer) => answer !== first) : [];
    for (const answer of [first, ...others]) {
      givesBack?.(answer.source);
      await answer.release();
    }
  }

  return async (key: unknown, { cost: units, id, signal }: Wish): Promise<Decision> => {
    const options = { cost: typeof key === "string" ? units : { [name]: units, user: 1 }, id, signal };
    const reserves = typeof key !== "string" && chance(0.3);
    const ask = () => (reserves ? gate.reserve(key, options) : gate.hold(key, options));
    let first = await ask();
    // A repeat after an answer that may have got lost.
    if (id !== undefined && first.source === "fallback" && chance(0.7)) first = await ask();
    if (!first.allowed) return first;
    const answers = [first];
    await work(answers, id === undefined ? undefined : ask);
    const settles = answers.filter(() => reserves && chance(0.8));
    const ends = settles.map(({ settle }) => settle?.({ user: Number(chance(0.5)) }));
    if (chance(0.9)) await release(answers);
    await Promise.all(ends);
    return first;
  };
}

function oneOf(answers: readonly Answer[]): Answer {
  return answers[Math.floor(Math.random() * answers.length)] as Answer;
}
