import type { Decision } from "../core/decision.ts";
import { misuse } from "../core/misuse.ts";
import { isPlain } from "./amounts.ts";
import { checkKeys, checkNames, listed } from "./by-level.ts";
import type { Unchecked } from "./call-options.ts";
import type { FailureMode } from "./checked-options.ts";
import { combinations } from "./combination.ts";
import { levelOf, limiterOn } from "./limiter.ts";
import type { Methods } from "./methods.ts";

/** The most limiters that are asked in order. */
const MAX_MEMBERS = 8;

type Asked = Methods<unknown, Decision, unknown>;

/** One of the limiters that are asked in order. */
export interface Candidate {
  readonly own: Asked & { readonly name: string; readonly failureMode: FailureMode };
  /** The same with failure mode `"closed"`. */
  readonly closed: Asked;
  /** The names that its keys and amounts go by: its own, or those of its levels. */
  readonly names: readonly string[];
  /** Whether it has levels, so that its keys are records. */
  readonly isMany: boolean;
  readonly now: () => number;
  /** Throws a `TypeError` or `RangeError` if a call's options are none of its own. */
  check(options: Unchecked): void;
}

/** The candidates; throws if they are none, or one is there twice. */
export function candidatesOf(members: readonly object[]): Candidate[] {
  if (!Array.isArray(members) || members.length < 1 || members.length > MAX_MEMBERS) {
    throw misuse("members", `a list of 1 to ${MAX_MEMBERS} limiters`, members, Array.isArray(members));
  }
  return members.map((member: object, i) => {
    const option = `members[${i}]`;
    const twin = members.indexOf(member);
    if (twin < i) throw new RangeError(`${option} is the same limiter as members[${twin}]; each is asked once`);
    return candidateOf(option, member);
  });
}

function candidateOf(option: string, member: object): Candidate {
  const isObject = typeof member === "object" && member !== null;
  const own = member as Candidate["own"];
  if (isObject && "hold" in member) {
    throw new RangeError(`${option} has inFlight: what it holds is released, not taken in order`);
  }
  const level = isObject ? levelOf(member) : undefined;
  if (level) {
    const { options } = level;
    return {
      own,
      closed: limiterOn({ ...level, options: { ...options, failureMode: "closed" } }) as unknown as Asked,
      names: [options.name],
      isMany: false,
      now: options.now,
      check: (options) => void level.call("", "", { task: "peek", options, spent: {}, maxDelayMs: 0 }),
    };
  }
  const many = isObject ? combinations.get(member) : undefined;
  if (many)
    return { own, closed: many.closed() as Asked, names: many.names, isMany: true, now: many.now, check: many.check };
  throw misuse(option, "a limiter made by createLimiter or allOf, whose members anyOf can list itself", member);
}

const allNames = (candidates: readonly Candidate[]) => [...new Set(candidates.flatMap(({ names }) => names))];

/** Each candidate's own key; throws a `TypeError` for a key that is not one for all of them. */
export function ownKeys(candidates: readonly Candidate[], key: unknown): unknown[] {
  const isText = typeof key === "string" && !candidates.some(({ isMany }) => isMany);
  if (isText) return candidates.map(() => key);
  checkKeys(allNames(candidates), key);
  return candidates.map(({ names, isMany }) => {
    return isMany ? Object.fromEntries(names.map((name) => [name, key[name]])) : key[names[0] as string];
  });
}

/** A candidate's own part of an amount: all of a number, of a record what goes by its names, `unnamed` if that is nothing. */
export function ownAmount(
  option: string,
  candidates: readonly Candidate[],
  { names, isMany }: Candidate,
  amount: unknown,
  unnamed?: unknown,
): unknown {
  if (typeof amount !== "object" || amount === null || !isPlain(amount)) return amount;
  checkNames(option, allNames(candidates), amount);
  const own = Object.entries(amount).filter(([name]) => names.includes(name));
  if (own.length > 0) return isMany ? Object.fromEntries(own) : own[0]?.[1];
  if (option !== "cost") return unnamed;
  // What costs nothing would always pass.
  throw new TypeError(`cost has nothing for ${listed(names)}`);
}
