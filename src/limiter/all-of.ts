import type { Decision } from "../core/decision.ts";
import type { Observer, WaitUntil } from "../core/event.ts";
import { misuse, refuseOthers, shown } from "../core/misuse.ts";
import { checkedName } from "../core/name.ts";
import { checkActual } from "./amounts.ts";
import { type AmountByLevel, amountsOf, checkKeys, ofLevel } from "./by-level.ts";
import type { ReserveOptions } from "./call-options.ts";
import type { CheckedOptions, FailureMode } from "./checked-options.ts";
import { combinations } from "./combination.ts";
import { type AllOfDecision, withoutDelay } from "./combine.ts";
import { holdingOf } from "./holding.ts";
import type { Held } from "./in-flight/held.ts";
import type { HoldMethods, HoldOptions } from "./in-flight/hold.ts";
import type { Level } from "./level.ts";
import { type InFlightLimiter, type Limiter, levelOf } from "./limiter.ts";
import { type Core, type Methods, methodsOf, type Question } from "./methods.ts";
import { checkedOptions } from "./options.ts";
import type { Reserved } from "./reservation.ts";
import { createSetCheck, type Member } from "./set-check.ts";

/** The most limiters that one verdict combines. */
const MAX_LEVELS = 8;
/** From the strictest on. */
const MODES: readonly FailureMode[] = ["closed", "memory", "open"];

export interface AllOfOptions {
  /** Longest wait for the store, in ms, a whole number from 1 to 2^31 - 1. Default: the shortest of the limiters'. */
  timeoutMs?: number | undefined;
  /** Default: the strictest of the limiters': `"closed"`, then `"memory"`, then `"open"`. */
  failureMode?: FailureMode | undefined;
  /** Who sees the decisions on the whole and its requests to the store. The limiters' own observers see their part. */
  onEvent?: Observer | readonly Observer[] | undefined;
  /** The platform's way to finish work behind the answer. Default: that of the first limiter that has one. */
  waitUntil?: WaitUntil | undefined;
}

/**
 * Several limiters as one. Keys are records by level, one for each; a cost or a limit is a number for all, or a record by level
 * of numbers or of records by policy. A level that a `cost` leaves out pays nothing, one that a `limit` leaves out keeps its
 * own. All methods reject with a `TypeError` or `RangeError` on misuse.
 */
export interface AllOf<Name extends string>
  extends Methods<Readonly<Record<Name, string>>, AllOfDecision<Name>, AmountByLevel<Name>> {
  /** The names of its levels, as in `"org+team+user"`. */
  readonly name: string;
  readonly failureMode: FailureMode;
}

/**
 * Several limiters as one, of which some hold work in flight. `hold` and `reserve` take a place of these and the cost of the others, or
 * nothing; work takes one place unless a `cost` names its level. `release` and `extend` go to those that hold; `settle` and `refund` to
 * the others. `consume`, `wait` and `charge` reject with a `TypeError`, and so do `reserve` and `refund` where there are no others.
 */
export interface AllOfHolding<Name extends string>
  extends Omit<AllOf<Name>, "reserve">,
    HoldMethods<Readonly<Record<Name, string>>, AllOfDecision<Name>, AmountByLevel<Name>> {
  /**
   * Takes as `hold` does, for work whose cost is known afterwards: `settle` books that instead, `release` ends the work. Neither does
   * the other's part; `await using` does what is left of both.
   */
  reserve(
    key: Readonly<Record<Name, string>>,
    options?: ReserveOptions<AmountByLevel<Name>> & HoldOptions<AmountByLevel<Name>>,
  ): Promise<Held & Reserved<AllOfDecision<Name>, AmountByLevel<Name>>>;
}

/** What `allOf` makes of these limiters. */
export type AllOfThese<Limiters extends Readonly<Record<string, Limiter>>> = [
  Extract<Limiters[keyof Limiters], InFlightLimiter>,
] extends [never]
  ? AllOf<keyof Limiters & string>
  : AllOfHolding<keyof Limiters & string>;

/**
 * Combines 1 to 8 limiters on one store object in one verdict, by one request: all take their cost, or none does. Each counts where it
 * counts alone. Its clock and its breaker are those of the first limiter. Throws a `TypeError` or `RangeError` where limiters
 * can't be combined: with a `slidingLog`, on different stores, or twice the same.
 */
export function allOf<Limiters extends Readonly<Record<string, Limiter>>>(
  limiters: Limiters,
  options: AllOfOptions = {},
): AllOfThese<Limiters> {
  type Name = keyof Limiters & string;
  const members = membersOf<Name>(limiters);
  const names = members.map(({ name }) => name);
  const holding = holdingOf(members);
  const checked = optionsOf(members, options);
  const { now, waitUntil } = checked;
  const check = createSetCheck(members, checked);

  function placesOf(key: unknown, question?: Question): string[] | Promise<string[]> {
    checkKeys(names, key);
    const places = members.map(({ name, level }) => ofLevel(name, () => level.placeOf(key[name], question)));
    return places.some((place) => typeof place !== "string") ? Promise.all(places) : (places as string[]);
  }

  function callsOf(key: Readonly<Record<Name, string>>, places: readonly string[], question: Question) {
    const { cost, limit } = question.options ?? {};
    const costs = holding.costs(cost);
    const limits = amountsOf("limit", names, limit, undefined);
    const { settles } = question;
    checkActual(settles?.actual, cost);
    // A level that a record leaves out has used all.
    const used = amountsOf("actual", names, settles?.actual, {});
    const since = question.since as AllOfDecision<Name> | undefined;
    return members.map(({ name, level }, i) => {
      // Each key has its own time.
      const part = since?.allowed ? (since.parts?.[name] ?? null) : since;
      if (!holding.isAsked(name, question, part)) return undefined;
      const own = {
        ...question,
        part,
        settles: settles && { ...settles, actual: used[i] },
        options: { ...question.options, cost: costs[i], limit: limits[i] },
      };
      return ofLevel(name, () => level.call(key[name], places[i] as string, own));
    });
  }

  const core: Core<Readonly<Record<Name, string>>, AllOfDecision<Name>> = {
    now,
    waitUntil,
    ask(key, question) {
      const places = placesOf(key, question);
      if (Array.isArray(places)) return check.decision(callsOf(key, places, question));
      return places.then((places) => check.decision(callsOf(key, places, question)));
    },
    told(operation, key, whole, spent, waitUntil) {
      const tell = (
        { name, tell }: CheckedOptions,
        level: Name,
        decision: Decision = whole,
        more?: { readonly whole: Decision },
      ) =>
        tell?.({
          type: "decision",
          limiter: name,
          operation,
          key: key[level],
          decision,
          ...more,
          ...spent,
          waitUntil: waitUntil(),
        });
      for (const { name, level } of members) {
        if (holding.isTold(name, operation)) tell(level.options, name, whole.parts[name], { whole });
      }
      tell(checked, whole.level);
    },
    acted: withoutDelay,
    reset: async (key, signal) => check.reset(await placesOf(key), signal),
  };
  const methods = methodsOf<Readonly<Record<Name, string>>, AllOfDecision<Name>, AmountByLevel<Name>>(core);
  const brought = holding.methods?.(core, methods, holding.names, holding.alone);
  const whole = { name: checked.name, failureMode: checked.failureMode, ...methods, ...brought };
  combinations.set(whole, {
    names,
    now,
    closed: () => allOf(limiters, { ...options, failureMode: "closed" }) as never,
    check: (options) => void callsOf({} as never, names, { task: "peek", options, spent: {}, maxDelayMs: 0 }),
  });
  return whole as AllOfThese<Limiters>;
}

/** The limiters by level; throws if they can't be combined. */
function membersOf<Name extends string>(limiters: Readonly<Record<Name, Limiter>>): Member<Name>[] {
  const many = typeof limiters === "object" && limiters !== null ? Object.entries<Limiter>(limiters) : [];
  if (many.length < 1 || many.length > MAX_LEVELS) {
    throw misuse("limiters", `an object of 1 to ${MAX_LEVELS} limiters`, limiters, many.length > 0);
  }
  const members: Member<Name>[] = [];
  for (const [name, limiter] of many) {
    const option = `limiters.${checkedName("The name of a level", name)}`;
    const level = typeof limiter === "object" && limiter !== null ? levelOf(limiter) : undefined;
    if (!level) throw misuse(option, "a limiter made by createLimiter, not an allOf or anyOf", limiter);
    checkLevel(option, level, members);
    members.push({ name: name as Name, level });
  }
  return members;
}

/** Throws a `RangeError` if the limiter can't be combined with those before it. */
function checkLevel(option: string, { options, program, check }: Level, before: readonly Member<string>[]): void {
  const { store, name } = options;
  if (program.algorithms.some(({ step, set }) => step && !set)) {
    throw new RangeError(`${option} has a slidingLog, which combines with nothing; slidingWindow does`);
  }
  if (check) throw new RangeError(`${option} is on regions, whose databases can't decide together with others`);
  if (store.remote && !store.run) throw new RangeError(`${option} is on a store that decides one key at a time`);
  for (const other of before) {
    if (other.level.options.store !== store) {
      throw new RangeError(`${option} is on another store object than ${shown(other.name)}; they must share one`);
    }
    if (other.level.options.name === name) {
      throw new RangeError(`${option} is the limiter ${shown(name)}, as is ${shown(other.name)}; each counts once`);
    }
  }
}

/** The options of the whole, from those of its limiters where nothing else is said. */
function optionsOf(members: readonly Member<string>[], options: AllOfOptions): CheckedOptions {
  const all = members.map(({ level }) => level.options);
  const first = all[0] as CheckedOptions;
  const {
    timeoutMs = Math.min(...all.map((each) => each.timeoutMs)),
    failureMode = MODES.find((mode) => all.some((each) => each.failureMode === mode)),
    onEvent,
    waitUntil = all.find((each) => each.waitUntil)?.waitUntil,
    ...others
  } = options ?? {};
  refuseOthers(others);
  const breaker = first.breaker ?? false;
  const { name, store, policies, now } = first;
  const own = { name, store, policies, now, snapshots: false, breaker } as const;
  const checked = checkedOptions({ ...own, timeoutMs, failureMode, onEvent, waitUntil });
  return { ...checked, name: members.map(({ name }) => name).join("+") };
}
