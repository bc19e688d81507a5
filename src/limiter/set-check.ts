import type { Algorithm } from "../algorithm/algorithm.ts";
import type { FallbackDecision, KnownDecision } from "../core/decision.ts";
import { StoreError } from "../core/errors.ts";
import { askAll, type KeySetReply, stepAll } from "../store/key-set.ts";
import { memoryStore } from "../store/memory.ts";
import type { LocalStore, RemoteStore, StepReply } from "../store/store.ts";
import { createAsker } from "./ask.ts";
import type { Call } from "./call.ts";
import type { CheckedOptions } from "./checked-options.ts";
import { type AllOfDecision, combined, combinedFallback, type Part } from "./combine.ts";
import { fallbackDecision, SPARE_KEYS } from "./failure.ts";
import type { Level, LevelDecision, LevelRequest } from "./level.ts";
import { timeOf } from "./time.ts";

/** One limiter of several, and its name among them. */
export interface Member<Name extends string> {
  readonly name: Name;
  readonly level: Level;
}

/** How calls on several limiters are answered: as in check.ts, with one call for each of them. */
export interface SetCheck<Name extends string> {
  /** `undefined` for those that are not asked. */
  decision(calls: readonly (Call | undefined)[]): AllOfDecision<Name> | Promise<AllOfDecision<Name>>;
  reset(places: readonly string[], signal: AbortSignal | undefined): Promise<void>;
}

/** A part that the store has to be asked for, or that is decided already. */
type OpenPart<Name extends string> = Part<Name, LevelDecision | undefined>;

/** What the store is asked at once. */
interface Round<Name extends string> {
  readonly parts: readonly OpenPart<Name>[];
  readonly requests: readonly LevelRequest[];
  readonly clock: number;
  readonly turns: readonly number[];
}

export function createSetCheck<Name extends string>(
  members: readonly Member<Name>[],
  options: CheckedOptions,
): SetCheck<Name> {
  const { store, failureMode, now } = options;
  // Of the limiters the first that has observers tells of a request, so that over all of them it is one.
  const tellers = [options, members.find(({ level }) => level.options.tell)?.level.options];
  const asker = createAsker({
    ...options,
    tell(event) {
      for (const each of tellers) each?.tell?.({ ...event, limiter: each.name });
    },
  });
  let spare: LocalStore | undefined;

  function decision(calls: readonly (Call | undefined)[]): AllOfDecision<Name> | Promise<AllOfDecision<Name>> {
    const { signal, since } = calls.find((call) => call) as Call;
    signal?.throwIfAborted();
    const clock = timeOf(now);
    const parts = members.flatMap((member, i): OpenPart<Name>[] => {
      const call = calls[i];
      return call ? [{ ...member, call, decision: call.settled || member.level.known(call, clock) }] : [];
    });
    const denying = parts.filter(isDecided).filter((part) => !part.decision.allowed);
    if (denying.length > 0) {
      putBack(parts);
      return combined(denying, sourceOf(denying));
    }
    if (parts.every(isDecided)) {
      if (parts.some(({ call }) => call.settled)) return since as AllOfDecision<Name>;
      return combined(parts, sourceOf(parts));
    }
    // What a call's own limits let pass takes nothing, so the store is asked for the others alone.
    const open = parts.filter((part) => !part.decision);
    const requests = open.map(({ level, call }) => level.request(call, clock));
    const round = { parts, requests, clock, turns: open.map(({ level }) => level.turn()) };
    if (!store.remote) return seen(round, stepAll(store, requests));
    if (since?.source === "memory" || since?.source === "fallback") return instead(round, since.error);
    return asked(store, round);
  }

  async function asked(store: RemoteStore, round: Round<Name>): Promise<AllOfDecision<Name>> {
    const { call } = round.parts[0] as OpenPart<Name>;
    try {
      const { requests } = round;
      // Where a policy needs a script of its own, and none that takes ahead knows it, nothing is taken ahead.
      const isKnown = ({ set, code }: Algorithm) => !set || requests.some(({ knows }) => knows?.includes(code));
      const takesAhead = requests.every(({ program }) => program.algorithms.every(isKnown));
      const ask = (takesAhead && requests.find(({ ask = askAll }) => ask !== askAll)?.ask) || askAll;
      const reply = await asker.check(call, (signal) => ask(store, requests, signal));
      return reply instanceof StoreError ? instead(round, reply) : seen(round, reply);
    } catch (reason) {
      putBack(round.parts);
      throw reason;
    } finally {
      if (call.task === "refund" || call.task === "leave") {
        for (const { level, call } of round.parts) level.forget(call.place, timeOf(now), call);
      }
    }
  }

  function seen({ parts, clock, turns }: Round<Name>, reply: KeySetReply): AllOfDecision<Name> {
    const decided = decidedBy(parts, timeOf(now), reply, ({ level }, call, own, i) =>
      level.seen(call, own, clock, turns[i] as number),
    );
    return combined(decided, "store");
  }

  /** The failure mode's answer, for each part and so for the whole. */
  function instead({ parts, requests }: Round<Name>, error: StoreError | undefined): AllOfDecision<Name> {
    const { since } = (parts[0] as OpenPart<Name>).call;
    // What is given back goes to whoever took it, or nowhere.
    if ((since?.source ?? failureMode) !== "memory") {
      const pauseMs = asker.pauseMs();
      const answered = parts.map((part): Part<Name, FallbackDecision> => {
        return { ...part, decision: fallbackDecision(failureMode, part.call, error as StoreError, pauseMs) };
      });
      const whole = combinedFallback(answered);
      if (!whole.allowed) putBack(parts);
      return whole;
    }
    spare ??= memoryStore({ maxKeys: SPARE_KEYS });
    const decided = decidedBy(parts, timeOf(now), stepAll(spare, requests), ({ level }, call, own) =>
      Object.assign(level.decide(call, own, 0, "memory"), error && { error }),
    );
    return combined(decided, "memory", error);
  }

  return {
    decision,
    async reset(places, signal) {
      signal?.throwIfAborted();
      try {
        if (!store.remote) for (const place of places) store.reset(place);
        else
          await asker.reset(signal, async (signal) => {
            await Promise.all(places.map((place) => store.reset(place, signal)));
          });
      } finally {
        members.forEach(({ level }, i) => {
          level.forget(places[i] as string, timeOf(now));
          spare?.reset(places[i] as string);
        });
      }
    },
  };
}

const isDecided = <Name extends string>(part: OpenPart<Name>): part is Part<Name> => part.decision !== undefined;

/** Gives back what was served without a request, since the whole is not allowed. */
function putBack(parts: readonly OpenPart<string>[]): void {
  for (const { level, call } of parts) level.putBack?.(call);
}

/** Who knew that without a request. */
function sourceOf(parts: readonly Part<string>[]): KnownDecision["source"] {
  return parts.some(({ decision }) => decision.source === "lease") ? "lease" : "snapshot";
}

/** The parts with a decision each: by `decide` where there is none yet, on what a store replied to these in their order. */
function decidedBy<Name extends string>(
  parts: readonly OpenPart<Name>[],
  clock: number,
  { allowed, replies }: KeySetReply,
  decide: (part: Member<Name>, call: Call, own: StepReply, i: number) => LevelDecision,
): Part<Name>[] {
  let i = -1;
  if (!allowed) putBack(parts);
  return parts.map((part) => {
    if (isDecided(part)) {
      const { level, call, decision } = part;
      if (allowed || !call.servedFrom) return part;
      return { ...part, decision: level.known({ ...call, task: "peek" }, clock) ?? decision };
    }
    i += 1;
    const own = replies[i] as StepReply;
    // Alone it would have passed, but nothing was taken.
    const call: Call = !allowed && own.allowed ? { ...part.call, task: "peek" } : part.call;
    return { ...part, decision: decide(part, call, own, i) };
  });
}
