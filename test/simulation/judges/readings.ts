import type { CallMade, Happening, RuleMade } from "../world/history.ts";

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
  /** Whether it is the text of a script that was not known: then it was asked for before. */
  readonly isAgain: boolean;
  /** Whether the reply came soon; a script that is not known is a reply, too. */
  isAnswered: boolean;
}

interface Read {
  readonly turn: number;
  /** The last change when the database carried it out. */
  version: number | undefined;
}

/** A call, and what its isolate knew. */
export interface Begun {
  /** The true time, and its isolate's clock. */
  readonly at: number;
  readonly now: number;
  /** The version that was known when it was made, or that it has read itself before it asked for more; -1: none. */
  first: number;
  /** When it asked for its counts, and what was known then; undefined until it does. */
  asked: { readonly at: number; readonly version: number } | undefined;
}

/** What isolates know of the operators' rules. */
export interface Readings {
  /** Says of a read that has come back whether it told of a change. */
  see(happening: Happening): "news" | "same" | undefined;
  /** All that operators have made of the rules, in order; what was lost is none. */
  readonly versions: readonly (readonly RuleMade[])[];
  /** Which of the versions was in force before a true time. */
  versionAt(at: number): number;
  /** Which of them an isolate knows; -1: it has read none. */
  knownTo(isolate: number): number;
  /** The true time at which an isolate last asked for them, or began to up to a time within the last `LATELY_MS`. */
  askedAt(isolate: number, upTo?: number): number;
  /** Whether something that it sent since then got lost or late, so that its breaker may keep it from asking. */
  isTroubled(isolate: number, since: number): boolean;
  /** What a call has begun with; undefined for one whose limiter has no rules. */
  begun(call: CallMade): Begun | undefined;
}

const RULES = "sluice:rules";
const DESCRIPTIONS = "sluice:limiters";

/** What takes longer may be late for any deadline here. */
export const SOON_MS = 250;
/** For longer no breaker keeps an isolate from asking. */
export const LATELY_MS = 30_000;

export function createReadings(): Readings {
  const versions: (readonly RuleMade[])[] = [[]];
  const madeAt: number[] = [-Infinity];
  const readers = new Map<number, Reader>();
  const reads = new Map<number, Read>();
  const calls = new Map<number, Begun>();
  let turns = 0;

  function readerOf(isolate: number): Reader {
    const reader = readers.get(isolate) ?? { askedAt: -Infinity, sent: [], turn: 0, version: -1 };
    readers.set(isolate, reader);
    return reader;
  }

  function change(at: number, rules: readonly RuleMade[]): void {
    versions.push(rules);
    madeAt.push(at);
  }

  function asked({ call, keys: [key = ""], at }: Extract<Happening, { type: "sent" }>): void {
    const reader = readerOf(call.isolate);
    if (key !== RULES && key !== DESCRIPTIONS) {
      const begun = calls.get(call.id);
      if (begun) begun.asked ??= { at, version: reader.version };
      return;
    }
    const before = reader.sent.findLast((one) => one.call === call.id && one.key === key);
    if (before && at - before.at < SOON_MS) before.isAnswered = true;
    reader.sent = reader.sent.filter((one) => at - one.at < LATELY_MS);
    reader.sent.push({ call: call.id, key, at, isAgain: before !== undefined, isAnswered: false });
    if (key !== RULES) return;
    turns += 1;
    // A script that is not known is sent as text, which is the same read.
    reads.set(call.id, { turn: reads.get(call.id)?.turn ?? turns, version: undefined });
    reader.askedAt = at;
  }

  function heard({ call, keys: [key = ""], at, failed }: Extract<Happening, { type: "replied" }>) {
    const reader = readerOf(call.isolate);
    const own = reader.sent.findLast((one) => one.call === call.id && one.key === key);
    if (own && !failed && at - own.at < SOON_MS) own.isAnswered = true;
    const read = reads.get(call.id);
    if (key !== RULES || failed || read?.version === undefined) return undefined;
    const isNews = read.turn >= reader.turn && read.version > reader.version;
    // Replies may come in another order than they were asked for.
    if (read.turn >= reader.turn) Object.assign(reader, { turn: read.turn, version: read.version });
    const begun = calls.get(call.id);
    if (begun && !begun.asked) begun.first = reader.version;
    return isNews ? "news" : "same";
  }

  return {
    versions,
    versionAt: (at) => madeAt.findLastIndex((made) => made < at),
    knownTo: (isolate) => readerOf(isolate).version,
    askedAt(isolate, upTo) {
      const { askedAt, sent } = readerOf(isolate);
      if (upTo === undefined) return askedAt;
      // The order of reads is that in which they began: one whose text was sent late gives way to a later one.
      return sent.findLast(({ key, at, isAgain }) => key === RULES && !isAgain && at <= upTo)?.at ?? -Infinity;
    },
    isTroubled: (isolate, since) => readerOf(isolate).sent.some(({ at, isAnswered }) => !isAnswered && at > since),
    begun: ({ id }) => calls.get(id),
    see(happening) {
      if (happening.type === "ruled") change(happening.at, happening.rules);
      if (happening.type === "lost" && happening.all) change(happening.at, []);
      if (!("call" in happening)) return undefined;
      const { call } = happening;
      const { rules } = call.limiter;
      if (!rules) return undefined;
      if (happening.type === "called") {
        const { at, now } = happening;
        calls.set(call.id, { at, now, first: readerOf(call.isolate).version, asked: undefined });
      }
      if (happening.type === "sent") asked(happening);
      if (happening.type === "executed" && happening.keys[0] === RULES && happening.error === undefined) {
        const read = reads.get(call.id);
        if (read) read.version = versions.length - 1;
      }
      return happening.type === "replied" ? heard(happening) : undefined;
    },
  };
}

/** The rule for a key: one of that key, else one whose pattern it fits, if that has not ended by the isolate's clock. */
export function ruleFor(rules: readonly RuleMade[], limiter: string, key: string, now: number): RuleMade | undefined {
  const own = rules.filter((rule) => (rule.limiter ?? limiter) === limiter && (rule.until ?? Infinity) > now);
  // Patterns here end with their star.
  const fits = ({ pattern }: RuleMade) => pattern !== undefined && key.startsWith(pattern.slice(0, -1));
  return own.find((rule) => rule.key === key) ?? own.find(fits);
}
