import type { Policy } from "../algorithm/policy.ts";
import type { Decision } from "../core/decision.ts";
import { createCheck } from "./check.ts";
import type { FailureMode } from "./checked-options.ts";
import { type BringingStore, extensionsOf } from "./extension.ts";
import type { HoldMethods } from "./in-flight/hold.ts";
import type { InFlightPolicy } from "./in-flight/policy.ts";
import { createLevel, type Level } from "./level.ts";
import { type Core, type Methods, methodsOf } from "./methods.ts";
import { claimName } from "./names.ts";
import { checkedOptions, type LimiterOptions } from "./options.ts";
import type { BlockMethods } from "./penalty/block.ts";
import type { Penalty } from "./penalty/penalty.ts";

/** Checks and books what keys use. All methods reject with a `TypeError` or `RangeError` on misuse. */
export interface Limiter<Name extends string = string> extends Methods<string, Decision> {
  readonly name: Name;
  readonly failureMode: FailureMode;
}

const levels = new WeakMap<object, Level>();

/** A limiter's share in verdicts of several; `undefined` for anything else. */
export const levelOf = (limiter: object): Level | undefined => levels.get(limiter);

/** A limiter of work in flight: `hold`, `peek` and `reset`; the methods that count what has been reject with a `TypeError`. */
export interface InFlightLimiter<Name extends string = string> extends Limiter<Name>, HoldMethods<string, Decision> {}

/** A limiter with a `penalty`, which can block keys. */
export interface PenaltyLimiter<Name extends string = string> extends Limiter<Name>, BlockMethods<string> {}

/** The limiter that goes with a list of policies; of a list that is not spelled out nobody knows what is in it. */
type LimiterOf<Name extends string, Listed extends readonly unknown[]> = number extends Listed["length"]
  ? Limiter<Name>
  : Penalty extends Listed[number]
    ? PenaltyLimiter<Name>
    : Limiter<Name>;

/** Makes a limiter. No I/O happens, and no timer starts, before its first check. */
export function createLimiter<const Name extends string = string>(
  options: LimiterOptions & { name: Name; policies: readonly [InFlightPolicy] },
): InFlightLimiter<Name>;
export function createLimiter<
  const Name extends string = string,
  const Listed extends readonly (Policy | Penalty)[] = readonly (Policy | Penalty)[],
>(options: LimiterOptions & { name: Name; policies: Listed }): LimiterOf<Name, Listed>;
export function createLimiter<const Name extends string = string>(
  options: LimiterOptions & { name: Name },
): Limiter<Name>;
export function createLimiter<const Name extends string = string>(
  options: LimiterOptions & { name: Name },
): Limiter<Name> {
  const plain = checkedOptions(options);
  const extensions = extensionsOf(options, plain.policies);
  const checked = extensions.reduce((all, extension) => extension.options?.(all) ?? all, plain);
  const { name, store, policies } = checked;
  const first = (store as Partial<BringingStore>).level?.(checked) ?? createLevel(checked);
  const level = extensions.reduce((level, extension) => extension.level(level), first);
  claimName(store, name, policies, level.strikes);
  for (const observer of [options.onEvent].flat()) observer?.onLimiter?.(level.options);
  return limiterOn<Name>(level);
}

/** The limiter that answers with a level. */
export function limiterOn<Name extends string>(level: Level): Limiter<Name> {
  const { name, failureMode, now, waitUntil, tell } = level.options;
  const check = (level.check ?? createCheck)(level);

  const core: Core<string, Decision> = {
    now,
    waitUntil,
    ask(key, question) {
      const place = level.placeOf(key, question);
      if (typeof place === "string") return check.decision(level.call(key, place, question));
      return place.then((place) => check.decision(level.call(key, place, question)));
    },
    told: (operation, key, decision, spent, waitUntil) =>
      tell?.({ type: "decision", limiter: name, operation, key, decision, ...spent, waitUntil: waitUntil() }),
    acted: (lent) => ({ ...lent, delayMs: 0 }),
    reset: async (key, signal) => check.reset(await level.placeOf(key), signal),
  };
  const methods = methodsOf<string, Decision>(core);
  const limiter = { name: name as Name, failureMode, ...methods, ...level.methods?.(core, methods) };
  levels.set(limiter, level);
  return limiter;
}
