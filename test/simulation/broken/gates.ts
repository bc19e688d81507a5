import type { Limiter } from "../../../src/limiter/limiter.ts";
import { type Answer, type Gate, working } from "../plans/working.ts";
import type { WorkRule } from "../world/history.ts";
import type { Callable } from "../world/isolate.ts";
import type { SetMaker } from "../world/plan.ts";

/** Work first, then the quota; what that denies holds its place all the same. */
export const oneByOne =
  (work: WorkRule): SetMaker =>
  (limiters, parts) => {
    const jobs = limiters[work.name] as unknown as Gate;
    const [user] = Object.keys(limiters).filter((name) => name !== work.name) as [string];
    const hold: Gate["hold"] = async (key, { cost, ...options }) => {
      const keys = key as Record<string, string>;
      const held = await jobs.hold(keys[work.name], { ...options, cost: (cost as Record<string, number>)[work.name] });
      if (!held.allowed) return held;
      const decision = await (limiters[user] as Limiter).consume(keys[user] ?? "");
      return decision.allowed ? held : (decision as Answer);
    };
    return { consume: working({ hold, reserve: hold }, work, parts) } as unknown as Callable;
  };

/** Each time it is asked for, a piece has a name of its own. */
export const forgettingNames = (gate: Gate): Gate => ({
  hold: (key, options) => gate.hold(key, { ...options, id: undefined }),
  reserve: (key, options) => gate.reserve(key, { ...options, id: undefined }),
});

const asking = (gate: Gate, answering: (answer: Answer, id: string, key: unknown) => Answer): Gate => {
  const ask =
    (method: keyof Gate): Gate["hold"] =>
    async (key, options) => {
      const answer = await gate[method](key, options);
      return options.id === undefined ? answer : answering(answer, options.id, key);
    };
  return { hold: ask("hold"), reserve: ask("reserve") };
};

/** Only the last answer on a piece releases it. */
export function releasingByTheLast(gate: Gate): Gate {
  const last = new Map<string, Answer>();
  return asking(gate, (answer, id) => {
    const release = async () => {
      if (last.get(id) === own) await answer.release();
    };
    const own: Answer = Object.assign(Object.create(answer), { ...answer, release });
    last.set(id, own);
    return own;
  });
}

/** Of a piece that was asked for twice each answer gives back what both have taken. */
export function settlingAll(gate: Gate): Gate {
  const answers = new Map<string, Answer[]>();
  return asking(gate, (answer, id) => {
    const all = [...(answers.get(id) ?? []), answer];
    answers.set(id, all);
    const settle: Answer["settle"] = (actual) => Promise.all(all.map((one) => one.settle?.(actual)));
    return Object.assign(Object.create(answer), { ...answer, settle });
  });
}

/** Denials are remembered, and told to those as well who hold what they ask for. */
export function remembering(gate: Gate): Gate {
  const denials = new Map<unknown, { readonly answer: Answer; readonly at: number }>();
  const hold: Gate["hold"] = async (key, options) => {
    const known = denials.get(key);
    if (known && Date.now() - known.at < 100) return { ...known.answer, source: "snapshot" } as Answer;
    const answer = await gate.hold(key, options);
    if (!answer.allowed && answer.source === "store") denials.set(key, { answer, at: Date.now() });
    return answer;
  };
  return { ...gate, hold };
}
