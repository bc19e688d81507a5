import type { CallMade, Happening, LimiterRule } from "../world/history.ts";
import { type Accounts, GRACE_MS, type Ruling } from "./accounts.ts";
import type { Judge } from "./judge.ts";
import { createKnownDenials } from "./known-denials.ts";
import { levelsOf, levelsOfCommand, memberOf } from "./levels.ts";

/** A reply that takes as long as this less than its deadline is heard. */
const IN_TIME_MS = 5;
/** For longer no breaker keeps an isolate from asking. */
const LATELY_MS = 30_000;

/** A call under way, and how far it has got. */
interface UnderWay {
  /** Its isolate's clock, and the true time, when it was made. */
  readonly now: number;
  readonly at: number;
  /** The last that was asked, and when; -1: none yet. */
  last: number;
  sentAt: number;
  /** What databases decided for it, by member. */
  readonly decided: Map<number, Verdict>;
  /** Whether somebody has answered in time; those who denied, and after how many ms each would pass. */
  isAnswered: boolean;
  admittedBy: number | undefined;
  readonly waitsMs: number[];
}

interface Verdict {
  readonly allowed: boolean;
  /** Undefined where a clock is too far behind for that. */
  readonly waitMs: number | undefined;
}

/** A request that has no good reply yet: an error, or none, which is trouble once it is late. */
interface Request {
  readonly at: number;
  readonly lateAt: number;
}

type Sent = Extract<Happening, { type: "sent" }>;
type Replied = Extract<Happening, { type: "replied" }>;
type Answered = Extract<Happening, { type: "answered" }>;

export function inOrderJudge(databaseNow: (database: string) => number): Judge {
  const denials = createKnownDenials(databaseNow);
  const calls = new Map<number, UnderWay>();
  /** By isolate: what was sent and has no good reply yet, of each call and member. */
  const open = new Map<number, Map<string, Request>>();

  return {
    name: "in order",
    promise:
      "Several in order are asked one after the other, nobody once one has admitted; whoever is passed over would deny at that moment, by what its isolate knows of it, or can't be asked; so a call is denied only if all deny, and told the shortest of their waits, and the last one's failure mode lets nothing pass once one has answered.",
    see(happening, { rulings, accounts, complain }) {
      denials.see(happening);
      const say = (wrong: string | undefined) => void (wrong && complain(wrong));
      if (happening.type === "called" && isAsking(happening.call)) {
        const { at, now } = happening;
        const fresh = { last: -1, sentAt: 0, isAnswered: false, admittedBy: undefined };
        calls.set(happening.call.id, { at, now, ...fresh, decided: new Map(), waitsMs: [] });
      }
      if (happening.type === "executed") decided(happening.call, rulings);
      if (happening.type === "sent") say(sent(happening, accounts));
      if (happening.type === "replied") replied(happening);
      if (happening.type === "rejected") calls.delete(happening.call.id);
      if (happening.type === "answered") say(answered(happening, accounts));
    },
  };

  function sent({ call, keys, at }: Sent, accounts: Accounts): string | undefined {
    const own = calls.get(call.id);
    const member = levelsOfCommand({ call, keys })[0]?.member;
    const requests = open.get(call.isolate) ?? new Map();
    const { timeoutMs } = call.limiter.members?.[member ?? -1] ?? call.limiter;
    open.set(call.isolate, requests.set(`${call.id}/${member}`, { at, lateAt: at + timeoutMs - IN_TIME_MS }));
    if (!own || member === undefined || member === own.last) return undefined;
    if (member < own.last) return `${called(call)} asked ${member} after ${own.last}`;
    if (own.admittedBy !== undefined) return `${called(call)} asked ${member} though ${own.admittedBy} had admitted`;
    const wrong = passedOver(call, own, member, at, accounts);
    own.last = member;
    own.sentAt = at;
    return wrong;
  }

  function decided(call: CallMade, rulings: readonly Ruling[]): void {
    const own = calls.get(call.id);
    const [first] = rulings;
    if (!own || first?.member === undefined) return;
    const leadMs = Math.max(...rulings.map(({ at, step }) => at - step.now));
    const waitsMs = rulings.map(({ retryAfterMs, at, step }) => (retryAfterMs > 0 ? retryAfterMs + at - step.now : 0));
    own.decided.set(first.member, {
      allowed: first.purpose === "look" ? first.allAllow : first.step.allowed,
      waitMs: leadMs > GRACE_MS ? undefined : Math.max(...waitsMs),
    });
  }

  function replied({ call, keys, at, failed }: Replied): void {
    const own = calls.get(call.id);
    const member = levelsOfCommand({ call, keys })[0]?.member;
    const verdict = own?.decided.get(own.last);
    const timeoutMs = call.limiter.members?.[own?.last ?? -1]?.timeoutMs ?? Infinity;
    const requests = open.get(call.isolate);
    const request = `${call.id}/${member}`;
    if (failed) requests?.set(request, { at, lateAt: at });
    else if (at < (requests?.get(request)?.lateAt ?? 0)) requests?.delete(request);
    if (failed || !own || !verdict || member !== own.last || at - own.sentAt > timeoutMs - IN_TIME_MS) return;
    own.isAnswered = true;
    if (verdict.allowed) own.admittedBy = own.last;
    else if (verdict.waitMs !== undefined) own.waitsMs.push(verdict.waitMs);
  }

  function answered({ call, at, decision }: Answered, accounts: Accounts): string | undefined {
    const own = calls.get(call.id);
    calls.delete(call.id);
    const members = call.limiter.members ?? [];
    if (!own || !decision) return undefined;
    const { allowed, source, retryAfterMs } = decision;
    const member = memberOf(call, decision);
    if (own.admittedBy !== undefined && (!allowed || member !== own.admittedBy))
      return `${called(call)} was ${allowed ? `let pass by ${member}` : "denied"} though ${own.admittedBy} had admitted`;
    if (allowed && source === "store") return undefined;
    if (allowed && own.isAnswered) return `${called(call)} was let pass by ${source} though one had answered`;
    if (allowed) return undefined;
    const shortest = Math.min(...own.waitsMs);
    if (retryAfterMs > shortest)
      return `${called(call)} was told to wait ${retryAfterMs} ms where ${shortest} are enough`;
    return passedOver(call, own, members.length, at, accounts);
  }

  /** What is wrong with those that were not asked between the last one and `next`. */
  function passedOver(call: CallMade, own: UnderWay, next: number, at: number, accounts: Accounts): string | undefined {
    for (let member = own.last + 1; member < next; member += 1) {
      const rule = call.limiter.members?.[member] as LimiterRule;
      if (rule.breaker && isTroubled(call, at)) continue;
      const levels = levelsOf(call).filter((level) => level.member === member);
      // Its clock shows one of these by then.
      const clocks = [Math.floor, Math.ceil].map((whole) => own.now + whole(at - own.at));
      const moments = [...new Set(clocks)].map((now) => ({ call, at, now }));
      const wrongs = levels.flatMap((level) => moments.map((moment) => denials.wrongOf(level, moment, accounts, 0)));
      if (wrongs.includes(undefined)) continue;
      return `${called(call)} passed ${rule.name} over: ${wrongs[0]}`;
    }
    return undefined;
  }

  /** Whether something that the isolate sent lately failed, or got lost or late. */
  function isTroubled({ isolate }: CallMade, at: number): boolean {
    const requests = open.get(isolate) ?? new Map<string, Request>();
    for (const [name, one] of requests) if (at - one.at >= LATELY_MS) requests.delete(name);
    return [...requests.values()].some(({ lateAt }) => at >= lateAt);
  }
}

const isAsking = ({ limiter, operation }: CallMade) =>
  limiter.members !== undefined && (operation === "consume" || operation === "reserve" || operation === "peek");

const called = ({ operation, cost, key, limiter }: CallMade) => `${operation} of ${cost} on ${key} by ${limiter.name}`;
