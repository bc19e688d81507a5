import type { State } from "../../algorithm/algorithm.ts";
import { countsOf, step } from "../../algorithm/step.ts";
import type { KnownDecision } from "../../core/decision.ts";
import { StoreError } from "../../core/errors.ts";
import type { WaitUntil } from "../../core/event.ts";
import { createGenerations } from "../../store/generations.ts";
import { askGrants, type GrantReply, type GrantRequest } from "../../store/grants.ts";
import type { RemoteStore, StepReply } from "../../store/store.ts";
import { type Call, demandsOf } from "../call.ts";
import type { Level, LevelRequest } from "../level.ts";
import { timeOf } from "../time.ts";
import { leaseDecision, pauseDecision } from "./decisions.ts";
import { end, type Held, keep, newHeld, putBack, type Spending, spend, unitsLeft, within } from "./held.ts";
import type { LeasedWindows } from "./leased-windows.ts";
import { countCall, countCosts, newUse, wantedCalls } from "./use.ts";

/** A lease ends so much early, for clocks that stand still while a request computes, as on Workers. */
export const MARGIN_MS = 50;

/** Where less than this part of the burst is left, and no grant, there is hardly any room. */
const NEARLY_DRY = 32;

/** A request that asks for more, and what for. */
interface LeaseRequest extends LevelRequest, GrantRequest {
  readonly held: Held;
  readonly epoch: number;
  /** To be called when it is sent. */
  sent(): void;
}

/**
 * A level that answers from what it took ahead. A request asks for as much as this isolate used of the key in the last `maxMs`;
 * the script cuts that to a quarter of the room, since nobody else knows it. What is granted may be spent for `maxMs` from
 * when it was asked for, by this isolate's clock, and in windows no longer than the window it was taken from.
 */
export function leasedLevel(level: Level, maxMs: number, maxKeys: number, windows?: LeasedWindows): Level {
  const { options, program, asker } = level;
  const { algorithms } = program;
  const { store, policies, timeoutMs, now } = options;
  const count = algorithms.length;
  const keys = createGenerations<Held>(maxKeys);
  // Three quarters of a bucket's time to fill: a full one would have to wait for whoever asks next.
  const fillMs = policies.map(({ burst, limit, windowMs }) => Math.ceil((0.75 * burst * windowMs) / limit));
  const pauseMs = Math.min(maxMs, ...fillMs);
  // A strike is to reach the store. Until a fixed window ends nothing comes back but what others hold, so its snapshot is exact.
  const pauses = !level.strikes && algorithms.some(({ code }) => !"fc".includes(code));

  /** How long units may be spent that are taken at `at`; `state`: the last one seen. */
  function leaseMs(at: number, state: State | undefined): number {
    const ends = policies.map(
      ({ algorithm, windowMs }, i) =>
        windows?.leftMs(algorithm, countsOf(algorithms, state, i), at) ??
        (algorithm.code === "b" ? maxMs : windowMs - (at % windowMs)),
    );
    return Math.max(0, Math.min(maxMs, ...ends) - MARGIN_MS);
  }

  /** What is held for calls like this one. */
  function heldFor(call: Call, clock: number): Held | undefined {
    if (call.limits && call.policies.some(({ uncounted }) => uncounted !== undefined)) return undefined;
    const held = keys.get(call.place);
    if (held?.limits === call.limits) return held;
    // Calls with other limits ask for themselves, as long as there are calls that it is for.
    if (call.task !== "consume" || (held && Math.abs(clock - held.use.since) < 2 * maxMs)) return undefined;
    const fresh = newHeld(maxMs, call.limits, newUse(count, clock));
    keys.set(call.place, fresh);
    return fresh;
  }

  /** The request for calls like this one and more, if it is time for that. */
  function leaseRequest(held: Held, call: Call, clock: number): LeaseRequest | undefined {
    if (within(held.asking, clock)) return undefined;
    const spare = Math.floor((wantedCalls(held.use, call.costs, clock, maxMs) * leaseMs(clock, held.state)) / maxMs);
    const { back } = held;
    if (spare === 0 && !back) return undefined;
    const request = level.request(call, clock);
    return {
      ...request,
      ...{ held, epoch: held.epoch, ask: askAhead, ...windows, spare, since: back?.since ?? 0 },
      sent() {
        // For longer than a request can take, so that after a failure nobody asks for more for a while.
        held.asking = { since: clock, until: clock + Math.max(maxMs, timeoutMs) };
        held.back = undefined;
      },
      back: request.demands.map(({ windowMs = 1 }, i) => unitsBack(back?.units[i] ?? 0, call, i, windowMs)),
    };
  }

  /** Takes in what a request for more came to; `calls`: for how many calls it took beside its own. */
  function landed(request: LeaseRequest, call: Call, reply: GrantReply, decision: KnownDecision, calls: number): void {
    const { held, epoch, now: askedAt, spare } = request;
    // Of a blocked key nothing may be spent any more, and then it is another epoch.
    if (reply.blockedUntil) end(held, true);
    if (epoch !== held.epoch) return;
    held.asking = undefined;
    held.state = reply.state;
    const nearly = reply.allowed && reply.granted === 0 && decision.remaining * NEARLY_DRY <= decision.burst;
    if (pauses && spare > 0 && (nearly || !reply.allowed)) {
      const seenAt = timeOf(now);
      const tripMs = Math.max(0, seenAt - askedAt);
      held.dry = { state: reply.state, nearly, seenAt, until: seenAt + pauseMs, tripMs };
    } else held.dry = undefined;
    if (calls === 0) return;
    const at = reply.state[0];
    keep(held, {
      units: call.costs.map((cost) => cost * calls),
      since: at,
      askedAt,
      until: askedAt + leaseMs(at, reply.state),
    });
    held.mark = unitsLeft(held, count, timeOf(now)).map((units) => units / 4);
  }

  /** Asks for more behind the answer, before there is none left. */
  function renew(held: Held, call: Call, clock: number): void {
    const waitUntil = (call.options?.waitUntil as WaitUntil | undefined) ?? options.waitUntil;
    // Nobody is denied by it.
    const request = waitUntil && leaseRequest(held, { ...call, strikes: false }, clock);
    if (!waitUntil || !request) return;
    const turn = level.turn();
    const task = asker.check(
      { signal: undefined, timeoutMs: undefined, spent: {} },
      (signal) => askAhead(store as RemoteStore, [request], signal),
      "lease",
    );
    waitUntil(
      task.then((reply) => {
        const own = reply instanceof StoreError ? undefined : reply.replies[0];
        if (!own) return;
        const decision = level.seen(call, own, clock, turn) as KnownDecision;
        landed(request, call, own, decision, own.allowed ? 1 + own.granted : 0);
      }),
    );
  }

  /** Whether the call waits for the pause to end, or for the answer of the one that asks since then. */
  function paused(held: Held, call: Call, clock: number): KnownDecision | undefined {
    const { dry, asking } = held;
    if (!dry || clock < dry.seenAt || call.maxDelayMs > 0) return undefined;
    const asks = asking && within({ since: asking.since, until: asking.since + timeoutMs }, clock);
    const until = clock < dry.until ? dry.until : asks ? asking.since + dry.tripMs : undefined;
    if (until === undefined) return undefined;
    const { allowed } = step(algorithms, dry.state, dry.state[0], demandsOf(program, call, "consume"));
    return allowed && !dry.nearly
      ? undefined
      : pauseDecision(algorithms, call, dry.state, clock - dry.seenAt, until - clock);
  }

  return {
    ...level,

    known(call, clock) {
      const looks = call.task === "peek";
      const held = looks || call.task === "consume" ? heldFor(call, clock) : undefined;
      if (!held) return level.known(call, clock);
      if (!looks) countCall(held.use, clock, maxMs);
      const left = unitsLeft(held, count, clock);
      if (held.state && left.some((units) => units > 0) && call.costs.every((cost, i) => cost <= (left[i] as number))) {
        const taken = looks ? undefined : spend(held, call.costs);
        if (taken) {
          call.servedFrom = taken;
          countCosts(held.use, call.costs);
          call.costs.forEach((cost, i) => {
            left[i] = (left[i] as number) - cost;
          });
        }
        const decision = leaseDecision(program, call, held.state, left, "lease", taken?.batch.since);
        if (!looks && left.some((units, i) => units <= (held.mark[i] ?? 0))) renew(held, call, clock);
        return decision;
      }
      return paused(held, call, clock) ?? level.known(call, clock);
    },

    putBack(call) {
      if (call.servedFrom) putBack(call.servedFrom as Spending);
    },

    request(call, clock) {
      const held = keys.get(call.place);
      if (call.task === "refund" || call.task === "leave" || call.task === "charge") {
        // What goes back to where it was taken is not what others have taken ahead.
        if (held && call.takenAt === undefined) end(held, call.task === "charge");
      } else if (held && call.task === "consume" && call.maxDelayMs === 0 && held === heldFor(call, clock)) {
        const request = leaseRequest(held, call, clock);
        if (request) return request;
      }
      return level.request(call, clock);
    },

    seen(call, reply, askedAt, turn) {
      const decision = level.seen(call, reply, askedAt, turn);
      const held = keys.get(call.place);
      if (held && reply.blockedUntil) end(held, true);
      if (!held || held.limits !== call.limits) return decision;
      if (call.task === "consume" && reply.allowed) countCosts(held.use, call.costs);
      if (!isGrant(reply)) return decision;
      landed(reply.request, call, reply, decision as KnownDecision, reply.granted);
      if (!reply.allowed || reply.granted === 0) return decision;
      return leaseDecision(program, call, reply.state, unitsLeft(held, count, timeOf(now)), "store");
    },

    forget(place, clock, call) {
      const held = keys.get(place);
      if (held && call?.takenAt === undefined) end(held, false);
      else if (held) held.dry = undefined;
      level.forget(place, clock, call);
    },

    forgetAll() {
      keys.clear();
      level.forgetAll?.();
    },
  };
}

/** Sends it. What is not sent so, as beside levels that take nothing ahead, leaves what is to come back for the next one. */
function askAhead(
  store: RemoteStore,
  requests: readonly (LevelRequest & Partial<LeaseRequest>)[],
  signal: AbortSignal,
) {
  for (const { sent } of requests) sent?.();
  return askGrants(store, requests, signal);
}

/** Whether a reply is to a request for more. */
function isGrant(reply: StepReply): reply is GrantReply & { readonly request: LeaseRequest } {
  return "request" in reply && "held" in (reply as GrantReply).request;
}

/** What comes back in the units of a demand. */
function unitsBack(units: number, call: Call, i: number, windowMs: number): number {
  return call.policies[i]?.algorithm.code === "b" ? units * windowMs : units;
}
