import type { Decision } from "../core/decision.ts";
import { misuse } from "../core/misuse.ts";
import { wholeNumber } from "../core/whole-number.ts";
import type { AllOf } from "./all-of.ts";
import { allSettled } from "./all-settled.ts";
import { checkActual } from "./amounts.ts";
import type { AmountByLevel } from "./by-level.ts";
import type {
  CallOptions,
  CheckOptions,
  RefundOptions,
  ReserveOptions,
  Unchecked,
  WaitOptions,
} from "./call-options.ts";
import { type Candidate, candidatesOf, ownAmount, ownKeys } from "./candidates.ts";
import type { FailureMode } from "./checked-options.ts";
import { withoutInfinity } from "./json.ts";
import type { Limiter } from "./limiter.ts";
import { type Reserved, reserved } from "./reservation.ts";
import { MAX_TIMER_MS, timeOf } from "./time.ts";
import { waitFor } from "./wait.ts";

/** What `anyOf` takes: limiters, alone or several as one. */
export type AnyMember = Limiter | AllOf<string>;

/** The names that keys and amounts go by: of a limiter its own, of an `allOf` those of its levels. */
export type MemberNames<Member extends AnyMember> =
  Member extends Limiter<infer Name> ? Name : Member extends AllOf<infer Level> ? Level : never;

/** One text for all, unless there is an `allOf` among them; or a record with a key for each name. */
export type AnyOfKey<Member extends AnyMember> =
  | Readonly<Record<MemberNames<Member>, string>>
  | ([Exclude<Member, Limiter>] extends [never] ? string : never);

/** What a member decided: the one that took, or the one with the shortest wait. */
export type AnyOfDecision<Member extends AnyMember> = Awaited<ReturnType<Member["consume"]>> & {
  /** Its place among the members, from 0. */
  readonly member: number;
};

/** What refunds and charges have to tell: the decision on the call, and so who took its cost. */
interface Taken<Member extends AnyMember> {
  since: AnyOfDecision<Member>;
}

/**
 * The first limiter that admits. Costs and limits are a number for all, or a record by name; a `cost` by name names each member. All
 * methods reject with a `TypeError` or `RangeError` on misuse.
 */
export interface AnyOf<Member extends AnyMember, Amounts = AmountByLevel<MemberNames<Member>>> {
  /** The names of its members, as in `"plan|credits"`. */
  readonly name: string;
  /** That of the last member, which decides where none could be asked. */
  readonly failureMode: FailureMode;
  /** Takes `cost` from the first member that allows it, else from none. Nothing is lent. */
  consume(key: AnyOfKey<Member>, options?: CheckOptions<Amounts>): Promise<AnyOfDecision<Member>>;
  /** The answer that `consume` would give; takes nothing. */
  peek(key: AnyOfKey<Member>, options?: CheckOptions<Amounts>): Promise<AnyOfDecision<Member>>;
  /** Gives back, to the member that took it, what was not used. */
  refund(
    key: AnyOfKey<Member>,
    cost: Amounts,
    options: RefundOptions<Amounts> & Taken<Member>,
  ): Promise<AnyOfDecision<Member>>;
  /** Books with the member that took what has been spent beyond that, even past the limit; never denies. */
  charge(
    key: AnyOfKey<Member>,
    cost: Amounts,
    options: CallOptions<Amounts> & Taken<Member>,
  ): Promise<AnyOfDecision<Member>>;
  /**
   * Asks in order, sleeps for the shortest wait, and asks again, until a member allows it. Denied at once if that can't be within
   * `timeoutMs`, or if the shortest wait is that of a store that could not be asked.
   */
  wait(key: AnyOfKey<Member>, options: WaitOptions<Amounts>): Promise<AnyOfDecision<Member>>;
  /** Takes `cost` as `consume` does, for work whose cost is known afterwards: `settle` books that with the member that took. */
  reserve(key: AnyOfKey<Member>, options?: ReserveOptions<Amounts>): Promise<Reserved<AnyOfDecision<Member>, Amounts>>;
  /** Makes the key's quota whole again with all members. Rejects with a `StoreError` if a store can't answer. */
  reset(key: AnyOfKey<Member>, options?: { signal?: AbortSignal | undefined }): Promise<void>;
}

/**
 * The first that admits of 1 to 8 limiters, on any stores: they are asked one after the other, each with its own deadline and with
 * failure mode `"closed"`; where none could answer, the last one's own mode decides. Denied only if all deny. Each member's observers
 * see what it decided. Throws a `TypeError` or `RangeError` for what is neither a limiter nor an `allOf`, and for one that is
 * there twice.
 *
 *     const limits = anyOf([plan, credits]);
 */
export function anyOf<const Members extends readonly AnyMember[]>(members: Members): AnyOf<Members[number]> {
  type Answer = AnyOfDecision<Members[number]>;
  const candidates = candidatesOf(members);
  const last = candidates.at(-1) as Candidate;
  const placed = (decision: Decision, member: number) => withoutInfinity({ ...decision, member } as never) as Answer;

  /** A member's own options, checked. */
  function ownOptions(candidate: Candidate, options: Unchecked): NonNullable<Unchecked> {
    const own = (option: "cost" | "limit") => ownAmount(option, candidates, candidate, options?.[option]);
    const amounts = { cost: own("cost"), limit: own("limit") };
    candidate.check(amounts);
    return { ...options, ...amounts };
  }

  /** Asks in order until one allows it; else the answer with the shortest wait. */
  async function inOrder(
    key: unknown,
    options: Unchecked,
    ask: (limiter: Candidate["closed"], key: unknown, options: object) => Promise<Decision>,
  ): Promise<Answer> {
    const keys = ownKeys(candidates, key);
    // What looks `waitUntil` up is not copied by itself.
    const all = { ...options, waitUntil: options?.waitUntil };
    // All are checked, since the later members are seldom asked.
    const owns = candidates.map((candidate) => ownOptions(candidate, all));
    let best: Answer | undefined;
    let isAnswered = false;
    for (const [i, candidate] of candidates.entries()) {
      const limiter = candidate === last && !isAnswered ? candidate.own : candidate.closed;
      const answer = placed(await ask(limiter, keys[i], owns[i] as object), i);
      if (answer.allowed) return answer;
      isAnswered ||= answer.source !== "fallback";
      if (!best || answer.retryAfterMs < best.retryAfterMs) best = answer;
    }
    return best as Answer;
  }

  async function booked(task: "refund" | "charge", key: unknown, cost: unknown, options: Unchecked): Promise<Answer> {
    const member = (options?.since as Partial<Answer> | null | undefined)?.member ?? -1;
    const taker = candidates[member];
    if (!taker) throw misuse("since", "the decision on the call, which tells who took its cost", options?.since);
    const own = ownOptions(taker, { ...options, cost });
    return placed(await taker.own[task](ownKeys(candidates, key)[member], own.cost, own as object), member);
  }

  return {
    name: candidates.map(({ own }) => own.name).join("|"),
    failureMode: last.own.failureMode,
    consume: async (key, options) => inOrder(key, options, consumed),
    peek: async (key, options) => inOrder(key, options, (one, ...own) => one.peek(...own)),
    refund: async (key, cost, options) => booked("refund", key, cost, options),
    charge: async (key, cost, options) => booked("charge", key, cost, options),

    async wait(key, options) {
      const timeoutMs = wholeNumber("timeoutMs", options?.timeoutMs, 0, MAX_TIMER_MS);
      return waitFor<Answer>(timeoutMs, {
        consume: () => inOrder(key, options, consumed),
        leave: (since) => booked("refund", key, options.cost ?? 1, { ...options, signal: undefined, since }),
        acted: (lent) => lent,
        detach: (task) => options.waitUntil?.(task),
        now: () => timeOf(last.now),
        signal: options.signal,
      });
    },

    async reserve(key, options) {
      let settle: ((actual: unknown) => Promise<Decision>) | undefined;
      const taken = await inOrder(key, options, async (one, ...own) => {
        const reservation = await one.reserve(...own);
        settle = reservation.settle;
        return reservation;
      });
      const { member } = taken;
      const book = async (actual: unknown) => {
        checkActual(actual, options?.cost);
        const own = ownAmount("actual", candidates, candidates[member] as Candidate, actual, {});
        return placed((await settle?.(own)) ?? taken, member);
      };
      return reserved(taken, book, options?.unsettled === "returned");
    },

    async reset(key, options) {
      const keys = ownKeys(candidates, key);
      // Nothing is under way any more when the caller hears that one could not.
      await allSettled(candidates.map(({ own }, i) => own.reset(keys[i], options)));
    },
  };
}

/** A bucket that lends would let callers wait for it who could take from the next. */
const consumed = (one: Candidate["closed"], key: unknown, options: object) =>
  one.consume(key, { ...options, maxDelayMs: 0 });
