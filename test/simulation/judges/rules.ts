import type { CallMade, Happening, LimiterRule, RuleMade } from "../world/history.ts";
import type { Judge } from "./judge.ts";
import { levelsOf } from "./levels.ts";

export interface RuleFigures {
  /** Times that operators changed the rules. */
  changes: number;
  /** Reads of the rules that came back, and those that told of a change. */
  reads: number;
  news: number;
  /** Answers that a rule had to give: denied, and let pass. */
  blocked: number;
  allowed: number;
}

export const noRuleFigures = (): RuleFigures => ({ changes: 0, reads: 0, news: 0, blocked: 0, allowed: 0 });

/** What an isolate has asked for, and heard. */
interface Reader {
  /** True time of its last read. */
  askedAt: number;
  /** What was sent for rules and descriptions lately. */
  sent: Sent[];
  /** Which of its reads told it what it knows, and which of the changes was the last one by then; -1: none was read. */
  turn: number;
  version: number;
}

interface Sent {
  readonly call: number;
  readonly key: string;
  readonly at: number;
  /** Whether the reply came soon; a script that is not known is a reply, too. */
  isAnswered: boolean;
}

interface Read {
  readonly turn: number;
  /** The last change when the database carried it out. */
  version: number | undefined;
}

const RULES = "sluice:rules";
const DESCRIPTIONS = "sluice:limiters";

/** What takes longer may be late for any deadline here. */
const SOON_MS = 250;
/** For longer no breaker keeps an isolate from asking. */
const LATELY_MS = 30_000;

/** What happens to calls of `wait`, which ask again and again, is left out. */
const JUDGED: readonly CallMade["operation"][] = ["consume", "peek", "reserve"];

/** `looksAfter`: by how many `refreshMs` an isolate that is asked has asked for the rules: two where it may do that behind its answer. */
export function rulesJudge(looksAfter: 1 | 2, figures = noRuleFigures()): Judge {
  /** All that operators have made of the rules; what was lost is none. */
  const versions: (readonly RuleMade[])[] = [];
  const readers = new Map<number, Reader>();
  const reads = new Map<number, Read>();
  /** What an isolate knew when a call was made on it. */
  const begun = new Map<number, { readonly at: number; readonly version: number }>();
  let turns = 0;

  function readerOf(isolate: number): Reader {
    const reader = readers.get(isolate) ?? { askedAt: -Infinity, sent: [], turn: 0, version: -1 };
    readers.set(isolate, reader);
    return reader;
  }

  /** What every version from `first` on says of a call until `now`; undefined where they don't agree, or nothing is said. */
  function verdictOf(call: CallMade, first: number, now: number): RuleMade["what"] | undefined {
    const verdicts = versions.slice(first).map((rules) => {
      const own = levelsOf(call).map(({ rule, key }) => ruleFor(rules, rule, key, now)?.what);
      if (own.includes("block")) return "block";
      return own.every((what) => what === "allow") ? "allow" : undefined;
    });
    return verdicts.every((verdict) => verdict === verdicts[0]) ? verdicts[0] : undefined;
  }

  function answered({ call, now, decision }: Extract<Happening, { type: "answered" }>): string | undefined {
    const beginning = begun.get(call.id);
    begun.delete(call.id);
    const [rule] = levelsOf(call).map(({ rule }) => rule);
    if (!decision || !beginning || !rule?.rules) return undefined;
    const { askedAt, sent } = readerOf(call.isolate);
    const mostMs = looksAfter * rule.rules.refreshMs;
    // Where a request got lost or late, the rules known go on, and a breaker may keep the limiter from asking again at once.
    const isTroubled = sent.some(({ at, isAnswered }) => !isAnswered && at > beginning.at - LATELY_MS);
    if (!isTroubled && askedAt < beginning.at - mostMs) {
      return `${call.key} was answered by rules that were asked for ${beginning.at - askedAt} ms before, at most ${mostMs} ms`;
    }
    const verdict = beginning.version < 0 ? undefined : verdictOf(call, beginning.version, now);
    if (verdict === "block") {
      figures.blocked += 1;
      if (decision.allowed) return `${call.key} was let pass by ${decision.source}, which the isolate knew was blocked`;
    }
    if (verdict === "allow") {
      figures.allowed += 1;
      if (!decision.allowed) return `${call.key} was denied by ${decision.source}, which the isolate knew was let pass`;
    }
    return undefined;
  }

  function asked({ call, keys: [key = ""], at }: Extract<Happening, { type: "sent" }>): void {
    if (key !== RULES && key !== DESCRIPTIONS) return;
    const reader = readerOf(call.isolate);
    const before = reader.sent.findLast((one) => one.call === call.id && one.key === key);
    if (before && at - before.at < SOON_MS) before.isAnswered = true;
    reader.sent = reader.sent.filter((one) => at - one.at < LATELY_MS);
    reader.sent.push({ call: call.id, key, at, isAnswered: false });
  }

  function heard({ call, keys: [key = ""], at, failed }: Extract<Happening, { type: "replied" }>): void {
    const own = readerOf(call.isolate).sent.findLast((one) => one.call === call.id && one.key === key);
    if (own && !failed && at - own.at < SOON_MS) own.isAnswered = true;
  }

  function executed(call: CallMade): void {
    const read = reads.get(call.id);
    if (read) read.version = versions.length - 1;
  }

  function replied(call: CallMade): void {
    const read = reads.get(call.id);
    const reader = readerOf(call.isolate);
    if (read?.version === undefined) return;
    figures.reads += 1;
    // Replies may come in another order than they were asked for.
    if (read.turn < reader.turn) return;
    figures.news += Number(read.version > reader.version);
    Object.assign(reader, { turn: read.turn, version: read.version });
  }

  return {
    name: "rules",
    promise:
      "An isolate that is asked has asked for the operators' rules within `refreshMs`, or does so behind its answer, and a call that is made after it has read them goes by them: what is blocked is admitted by nobody, what is let pass is denied by nobody.",
    see(happening, { complain }) {
      if (versions.length === 0) versions.push([]);
      if (happening.type === "ruled") versions.push(happening.rules);
      if (happening.type === "ruled") figures.changes += 1;
      if (happening.type === "lost" && happening.all) versions.push([]);
      if (!("call" in happening)) return;
      const { call } = happening;
      if (happening.type === "sent") asked(happening);
      if (happening.type === "replied") heard(happening);
      const isOfRules = "keys" in happening && happening.keys[0] === RULES;
      if (happening.type === "called" && JUDGED.includes(call.operation)) {
        begun.set(call.id, { at: happening.at, version: readerOf(call.isolate).version });
      }
      if (happening.type === "sent" && isOfRules) {
        turns += 1;
        // A script that is not known is sent as text, which is the same read.
        reads.set(call.id, { turn: reads.get(call.id)?.turn ?? turns, version: undefined });
        readerOf(call.isolate).askedAt = happening.at;
      }
      if (happening.type === "executed" && isOfRules && happening.error === undefined) executed(call);
      if (happening.type === "replied" && isOfRules && !happening.failed) replied(call);
      const wrong = happening.type === "answered" && answered(happening);
      if (wrong) complain(wrong);
    },
  };
}

/** The rule for a key: one of that key, else one whose pattern it fits, if that has not ended. */
function ruleFor(rules: readonly RuleMade[], { name }: LimiterRule, key: string, now: number): RuleMade | undefined {
  const own = rules.filter(({ limiter = name, until = Infinity }) => limiter === name && until > now);
  // Patterns here end with their star.
  const fits = ({ pattern }: RuleMade) => pattern !== undefined && key.startsWith(pattern.slice(0, -1));
  return own.find((rule) => rule.key === key) ?? own.find(fits);
}
