import { type Policy, withLimit } from "../algorithm/policy.ts";
import { misuse, shown } from "../core/misuse.ts";
import { wholeNumber } from "../core/whole-number.ts";

/** A number for every policy, or numbers by policy name in a plain object. */
export type Amount = number | Readonly<Record<string, number>>;

/** What was used of a reservation. */
export interface Settlement {
  /** The units, as the cost was told; still to be checked. */
  readonly actual: unknown;
  /** Whether it comes too late to give anything back. */
  readonly late: boolean;
}

/** A policy with a call's own limit. */
export interface PolicyInForce extends Policy {
  /** That limit if it is 0 or `Infinity`: of such a policy the call takes nothing. */
  readonly uncounted?: number;
}

const checkCost = (option: string, value: unknown) => wholeNumber(option, value, 0);
const checkLimit = (option: string, value: unknown) => (value === Infinity ? value : wholeNumber(option, value, 0));

/** What a call costs each policy: whole numbers from 0. A policy that an object doesn't name is charged nothing. */
export function costsOf(policies: readonly Policy[], cost: unknown): number[] {
  return amounts("cost", policies, cost, checkCost, 0);
}

/**
 * What a settlement gives back of the costs that were reserved, below 0 what it takes more; of what an object doesn't name all was
 * used. Late, it gives nothing back.
 */
export function leftOf(
  policies: readonly Policy[],
  { actual, late }: Settlement,
  cost: unknown,
  costs: readonly number[],
): number[] {
  checkActual(actual, cost);
  return amounts("actual", policies, actual, checkCost, undefined).map((used, i) => {
    const reserved = costs[i] as number;
    const left = reserved - (used ?? reserved);
    return late && left > 0 ? 0 : left;
  });
}

/** Throws a `TypeError` for a number for all where the cost was told by name. */
export function checkActual(actual: unknown, cost: unknown): void {
  if (actual && typeof actual !== "object" && typeof cost === "object") {
    throw misuse("actual", "0 or an object by name, as the cost is", actual);
  }
}

/** The policies with a call's own limits. A policy that an object doesn't name keeps its limit. */
export function limitsOf(policies: readonly Policy[], limit: unknown): readonly PolicyInForce[] {
  if (limit === undefined) return policies;
  const limits = amounts("limit", policies, limit, checkLimit, undefined);
  return policies.map((policy, i) => {
    const own = limits[i];
    return own === 0 || own === Infinity ? { ...policy, uncounted: own } : withLimit(policy, own);
  });
}

function amounts<T>(
  option: string,
  policies: readonly Policy[],
  amount: unknown,
  check: (option: string, value: unknown) => number,
  unnamed: T,
): (number | T)[] {
  if (typeof amount !== "object" || amount === null) {
    const value = check(option, amount);
    return policies.length === 1 ? [value] : policies.map(() => value);
  }
  // A Map or a promise has no entries here, so it would name no policy, and cost nothing.
  if (!isPlain(amount)) {
    const kind = Object.prototype.toString.call(amount);
    throw misuse(option, "a whole number or a plain object of these by policy name", kind);
  }
  const named = new Map(Object.entries(amount).map(([name, value]) => [name, check(`${option}.${name}`, value)]));
  const values = policies.map(({ name }) => {
    const value = named.get(name);
    named.delete(name);
    return value ?? unnamed;
  });
  for (const name of named.keys()) {
    const known = policies.map((policy) => shown(policy.name)).join(", ");
    throw new RangeError(`${option} names the policy ${shown(name)}; this limiter has ${known}`);
  }
  return values;
}

/**
 * Whether an object is nothing but its entries. By the prototype's place and not by its identity: objects of another realm
 * are plain, too.
 */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
