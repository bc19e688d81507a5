import type { Decision } from "../core/decision.ts";
import { createCheck } from "./check.ts";
import type { FailureMode } from "./checked-options.ts";
import { type Bringing, extensionsOf } from "./extension.ts";
import type { HoldMethods } from "./in-flight/hold.ts";
import type { InFlightPolicy } from "./in-flight/policy.ts";
import { createLevel, type Level } from "./level.ts";
import { type Core, type Methods, methodsOf } from "./methods.ts";
import { claimName } from "./names.ts";
import { checkedOptions, type LimiterOptions } from "./options.ts";

/** Checks and books what keys use. All methods reject with a `TypeError` or `RangeError` on misuse. */
export interface Limiter extends Methods<string, Decision> {
  readonly name: string;
  readonly failureMode: FailureMode;
}

const levels = new WeakMap<object, Level>();

/** A limiter's share in verdicts of several; `undefined` for anything else. */
export const levelOf = (limiter: object): Level | undefined => levels.get(limiter);

/** A limiter of work in flight: `hold`, `peek` and `reset`; the methods that count what has been reject with a `TypeError`. */
export interface InFlightLimiter extends Limiter, HoldMethods<string, Decision> {}

/** Makes a limiter. No I/O happens, and no timer starts, before its first check. */
export function createLimiter(options: LimiterOptions & { policies: readonly [InFlightPolicy] }): InFlightLimiter;
export function createLimiter(options: LimiterOptions): Limiter;
export function createLimiter(options: LimiterOptions): Limiter {
  const plain = checkedOptions(options);
  const brings = (plain.policies?.[0] as Partial<Bringing> | undefined)?.brings;
  const extensions = extensionsOf(options).concat(brings ?? []);
  const checked = extensions.reduce((all, extension) => extension.options?.(all) ?? all, plain);
  const { name, failureMode, now, waitUntil, tell } = checked;
  const level = extensions.reduce((level, extension) => extension.level(level), createLevel(checked));
  claimName(checked.store, name, checked.policies);
  const check = createCheck(level);

  const core: Core<string, Decision> = {
    now,
    waitUntil,
    ask(key, question) {
      const place = level.placeOf(key);
      if (typeof place === "string") return check.decision(level.call(key, place, question));
      return place.then((place) => check.decision(level.call(key, place, question)));
    },
    told: (operation, key, decision, spent, waitUntil) =>
      tell?.({ type: "decision", limiter: name, operation, key, decision, ...spent, waitUntil: waitUntil() }),
    reset: async (key, signal) => check.reset(await level.placeOf(key), signal),
  };
  const methods = methodsOf<string, Decision>(core);
  const limiter = { name, failureMode, ...methods, ...brings?.methods(core, methods) };
  levels.set(limiter, level);
  return limiter;
}
