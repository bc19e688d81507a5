import type { CallMade, Happening, Operation } from "../world/history.ts";
import type { Ruling } from "./accounts.ts";
import type { Judge } from "./judge.ts";
import { levelsOf, levelsOfCommand, memberOf } from "./levels.ts";

/** Units of each limiter's first policy, summed over a world. */
export interface Sums {
  /** What databases took. */
  debited: number;
  /** Of it: what callers were told that they have, what they gave back, and what nobody heard of. */
  used: number;
  givenBack: number;
  lost: number;
  /** What was taken by calls still under way. */
  open: number;
}

export const noSums = (): Sums => ({ debited: 0, used: 0, givenBack: 0, lost: 0, open: 0 });

/** Units by the call's limiter; a hole where nothing was taken. */
type ByLevel = readonly (number | undefined)[];

const sumOf = (units: ByLevel) => units.reduce<number>((sum, each) => sum + (each ?? 0), 0);

/** Operations that debit where they are admitted. */
const TAKING: readonly Operation[] = ["consume", "wait", "charge", "reserve"];

/** Adds up into `sums`. */
export function conservationJudge(sums: Sums = noSums()): Judge {
  /** Takings of calls under way. */
  const taken = new Map<number, ByLevel>();
  /** What calls took that ended without it. */
  const lost = new Map<number, ByLevel>();
  /** Calls whose isolate has heard that they took, and of which of their limiters. */
  const heard = new Map<number, Set<number>>();
  /** When calls of several in order asked each. */
  const askedAt = new Map<number, number[]>();
  /** What admitted calls have, of which something may be given back later. */
  const held = new Map<number, ByLevel>();
  /** By reservation: until when, by its isolate's clock, what was not used goes back. */
  const untils = new Map<number, number>();
  /** Settlements that came too late for that. */
  const late = new Set<number>();
  /** Reservations whose scope has ended, and ends of scopes that have asked a store. */
  const over = new Set<number>();
  const asking = new Set<number>();
  /** What calls have given back to. */
  const gave = new Map<number, readonly number[]>();
  /** Calls under way, by isolate. */
  const alive = new Map<number, Set<number>>();

  return {
    name: "conservation",
    promise:
      "Debited = used + given back + lost: a call debits its cost at most once, but for a waiter whom memory has told to come back while the store failed, and exactly once of each of its limiters where the store admits it, or of the one that admits where they are asked in order; a refund gives back its cost, a settlement the difference, the end of a scope in time all of it, and nothing else does; for a call no more comes back than it took, and only what a call took whose answer did not arrive is lost.",
    see(happening, { rulings, complain }) {
      for (const ruling of rulings) booked(ruling, complain);
      if (happening.type === "called") note(happening);
      if (happening.type === "sent" && happening.call.limiter.members) ask(happening);
      if (happening.type === "sent" && happening.call.endsScope) asking.add(happening.call.id);
      if (happening.type === "replied" && !happening.failed && taken.has(happening.call.id)) hear(happening);
      if (happening.type === "killed") {
        for (const id of alive.get(happening.isolate) ?? []) lose(id);
        alive.delete(happening.isolate);
      }
      if (happening.type === "rejected") {
        alive.get(happening.call.isolate)?.delete(happening.call.id);
        heard.delete(happening.call.id);
        askedAt.delete(happening.call.id);
        lose(happening.call.id);
      }
      if (happening.type === "answered") {
        const { call, decision, now } = happening;
        if (call.afterwards?.withinMs !== undefined) untils.set(call.id, now + call.afterwards.withinMs);
        alive.get(call.isolate)?.delete(call.id);
        if (call.endsScope && call.of) end(call, call.of, complain);
        const units = taken.get(call.id);
        const member = memberOf(call, decision);
        // What was not used up needs no debit, and who settles again hears of the first time.
        const isTaking = TAKING.includes(call.operation) || (call.operation === "settle" && units !== undefined);
        const isAdmitted = isTaking && decision?.source === "store" && decision.allowed;
        const levels = isAdmitted ? levelsOf(call).filter((level) => level.member === member) : [];
        const own = levels.map(({ index }) => index);
        if (own.some((i) => units?.[i] === undefined))
          return complain(`${call.operation} of ${call.cost} on ${call.key} was admitted and never debited`);
        if ([...(heard.get(call.id) ?? [])].some((level) => !own.includes(level)))
          complain(`${call.operation} on ${call.key} took, the answer arrived, and it was dropped`);
        if (isAdmitted && units) use(call, units, own);
        lose(call.id);
        heard.delete(call.id);
        askedAt.delete(call.id);
      }
      if (happening.type === "ended" && sums.debited !== sums.used + sums.givenBack + sums.lost + sums.open) {
        complain(`debited ${sums.debited}, used ${sums.used}, given back ${sums.givenBack}, lost ${sums.lost}`);
      }
    },
  };

  function note({ call: { id, isolate, of }, now }: Extract<Happening, { type: "called" }>): void {
    if (now > (untils.get(of?.id ?? -1) ?? Infinity)) late.add(id);
    const calls = alive.get(isolate) ?? new Set();
    alive.set(isolate, calls.add(id));
  }

  function ask({ call, keys, at }: Extract<Happening, { type: "sent" }>): void {
    const times = askedAt.get(call.id) ?? [];
    askedAt.set(call.id, times);
    for (const { index } of levelsOfCommand({ call, keys })) times[index] ??= at;
  }

  /** An isolate hears an answer, unless it has gone on to the next limiter by then. */
  function hear({ call, keys, at }: Extract<Happening, { type: "replied" }>): void {
    if (asksAgain(call)) return;
    const levels = levelsOfCommand({ call, keys });
    const [{ index = 0, member = 0 } = {}] = levels;
    const sentAt = askedAt.get(call.id)?.[index];
    if (sentAt !== undefined && at - sentAt > (call.limiter.members?.[member]?.timeoutMs ?? 0) - 5) return;
    const before = heard.get(call.id) ?? new Set();
    heard.set(call.id, before);
    for (const { index } of levels) if (taken.get(call.id)?.[index] !== undefined) before.add(index);
  }

  /** The caller has what these of its limiters took; the others' answers did not arrive. */
  function use(call: CallMade, units: ByLevel, own: readonly number[]): void {
    const used = units.map((each, i) => (own.includes(i) ? each : undefined));
    sums.open -= sumOf(used);
    sums.used += sumOf(used);
    if (call.afterwards) held.set(call.id, used);
    if (units.length > own.length)
      taken.set(
        call.id,
        units.map((each, i) => (own.includes(i) ? undefined : each)),
      );
    else taken.delete(call.id);
  }

  function booked({ call, level, key, purpose, step, units }: Ruling, complain: (text: string) => void): void {
    if (purpose === "look" || !step.allowed) return;
    const [first = 0] = units;
    const due = call.of && call.operation === "settle" ? settled(call, call.of) : call.cost;
    if (units.some((each) => each !== due)) {
      complain(`${call.operation} of ${call.cost} on ${key} asked a database for ${units.join(", ")}, not ${due}`);
    }
    if (purpose === "take" || purpose === "book") {
      if (asksAgain(call) && taken.get(call.id)?.[level] !== undefined) lose(call.id);
      const before = taken.get(call.id) ?? [];
      if (before[level] !== undefined) complain(`${call.operation} of ${call.cost} on ${key} was debited twice`);
      sums.debited += first;
      sums.open += first;
      taken.set(call.id, changed(before, level, first));
      // A request that arrives when nobody waits for it any more.
      if (!alive.get(call.isolate)?.has(call.id)) lose(call.id);
    }
    if (purpose === "give") {
      const before = gave.get(call.id) ?? [];
      if (before.includes(level)) complain(`refund of ${call.cost} on ${key} was given back twice`);
      gave.set(call.id, [...before, level]);
      if (call.of) returned(call.of, level, first, complain);
    }
    if (purpose === "leave") {
      // A caller who left: what was debited for it goes back, unless somebody has queued behind it.
      const before = lost.get(call.id) ?? [];
      const units = before[level] ?? 0;
      if (units !== first) complain(`${key} got ${first} back for a call that had taken ${units}`);
      lost.set(call.id, changed(before, level, undefined));
      sums.lost -= units;
      sums.givenBack += units;
    }
  }

  /** Units by which a settlement is more or less than what was reserved; too late it gives nothing back. */
  function settled({ id, cost }: CallMade, of: CallMade): number {
    return cost < of.cost && late.has(id) ? 0 : Math.abs(of.cost - cost);
  }

  /** A scope's end is answered. It asks where anything is due, but a breaker may keep it from that. */
  function end(call: CallMade, of: CallMade, complain: (text: string) => void): void {
    const isFirst = !over.has(of.id);
    over.add(of.id);
    const mustAsk = settled(call, of) > 0 && held.has(of.id) && levelsOf(call).every(({ rule }) => !rule.breaker);
    if (isFirst && mustAsk && !asking.has(call.id))
      complain(`${call.key} got nothing back for call ${of.id}, whose scope ended`);
  }

  /** Whether it still counts or not: the caller does not have it any more. */
  function returned(of: CallMade, level: number, units: number, complain: (text: string) => void): void {
    const before = held.get(of.id) ?? [];
    const left = (before[level] ?? 0) - units;
    if (left < 0) complain(`call ${of.id} got ${units} back on ${of.key} and had ${before[level] ?? 0}`);
    held.set(of.id, changed(before, level, left));
    sums.used -= units;
    sums.givenBack += units;
  }

  function lose(id: number): void {
    const units = taken.get(id);
    if (units === undefined) return;
    taken.delete(id);
    sums.open -= sumOf(units);
    sums.lost += sumOf(units);
    // What arrives late comes level by level.
    const before = lost.get(id) ?? [];
    lost.set(
      id,
      units.reduce<ByLevel>((all, each, i) => (each === undefined ? all : changed(all, i, each)), before),
    );
  }
}

/** Whether a caller may have asked anew though a store has taken, of which it did not hear. */
const asksAgain = ({ operation, limiter }: CallMade) => operation === "wait" && limiter.failureMode === "memory";

function changed(units: ByLevel, level: number, to: number | undefined): ByLevel {
  const copy = [...units];
  copy[level] = to;
  return copy;
}
