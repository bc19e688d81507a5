import type { Decision, RuleDecision } from "../core/decision.ts";
import { StoreError } from "../core/errors.ts";
import type { WaitUntil } from "../core/event.ts";
import { createAsker } from "../limiter/ask.ts";
import type { Level } from "../limiter/level.ts";
import type { Question } from "../limiter/methods.ts";
import { timeOf } from "../limiter/time.ts";
import type { Describer, Write } from "./describer.ts";
import { limitsUnder } from "./limits.ts";
import type { Attempt, Refresher } from "./refresher.ts";
import { ruleDecision } from "./rule-decision.ts";

/** A level whose calls go by the rules, which it has read before they need them. */
export function ruledLevel(level: Level, refresher: Refresher, describer: Describer): Level {
  const { options } = level;
  const { name, now, policies } = options;
  const { reader } = refresher;
  const asker = createAsker(options);
  // Whether it can be written says nothing of the rules.
  const describing = createAsker({ ...options, breaker: undefined });
  /** A question to several levels that share the rules reads them once; no other request waits for it. */
  const underWay = refresher.underWay;
  let attempt: Attempt | undefined;
  let changesSeen = 0;

  /** To look it up may cost something. */
  const waitUntilOf = (question: Question) =>
    (question.options?.waitUntil as WaitUntil | undefined) ?? options.waitUntil;

  /** Reads what is due; resolves when that is done, or at once if it may end behind the answer. */
  function prepared(question: Question): Promise<void> | undefined {
    const own = underWay.get(question);
    if (own) return own;
    // The others may read meanwhile.
    if (asker.pauseMs() > 0) return undefined;
    const at = timeOf(now);
    const write = describer(at);
    const ended = write && describe(write, waitUntilOf(question));
    const due = refresher.due(at, attempt, ended !== undefined);
    if (!due) return undefined;
    attempt = due;
    const behind = due.mayBeLate ? waitUntilOf(question) : undefined;
    const signal = behind ? undefined : (question.options?.signal as AbortSignal | undefined);
    const call = { signal, timeoutMs: behind ? undefined : question.timeoutMs, spent: {} };
    // Nothing is thrown but the caller's own reason: what failed is told to the observers, and the rules known go on.
    const read = asker
      .check(call, (signal) => reader.read(signal), "rules")
      .then((answer) => {
        due.hasFailed = answer instanceof StoreError;
      });
    const task = ended ? read.finally(ended) : read;
    if (behind) return void behind(task);
    underWay.set(question, task);
    return task;
  }

  /** Writes the description. It is for operators, so no answer waits for it: what can't go on behind one ends with a read. */
  function describe(write: Write, waitUntil: WaitUntil | undefined): (() => void) | undefined {
    const given = new AbortController();
    const task = describing.check({ signal: given.signal, spent: {} }, write, "description").catch(() => {});
    return waitUntil ? void waitUntil(task) : () => given.abort();
  }

  /** The answer by a rule, where one decides the call. */
  function answerTo({ task, since }: Question, decision: RuleDecision): RuleDecision | undefined {
    if (task === "block") return undefined;
    if (task === "consume" || task === "peek") return decision;
    // What is booked is never denied, and what was counted can be given back.
    return decision.allowed && (task === "charge" || !since) ? decision : undefined;
  }

  return {
    ...level,

    placeOf(key, question) {
      const place = level.placeOf(key, question);
      const preparing = question && prepared(question);
      return preparing ? preparing.then(() => place) : place;
    },

    call(key, place, question) {
      const at = timeOf(now);
      const changes = reader.changesOf(name);
      if (changes !== changesSeen) level.forgetAll?.();
      changesSeen = changes;
      const plain = level.call(key, place, question);
      // With other text snapshots from before a change are not used.
      const call = { ...plain, limits: changes ? `${plain.limits}@${changes}` : plain.limits };
      const { since } = question;
      const part = (question.part ?? since) as Decision | undefined;
      // What a rule let pass was taken from nobody, whatever the rules say now.
      if (part?.source === "rule" && part.allowed) return { ...call, ruled: part };
      const rule = reader.index.find(name, key, at);
      if (!rule) return call;
      const decision = ruleDecision(rule, at);
      if (!decision) {
        const limit = limitsUnder(rule, policies, question.options?.limit);
        const own = level.call(key, place, { ...question, options: { ...question.options, limit } });
        return { ...own, limits: `${own.limits}@${changes}` };
      }
      const ruled = answerTo(question, decision);
      return ruled ? { ...call, ruled } : call;
    },

    known: (call, clock) => call.ruled ?? level.known(call, clock),
  };
}
