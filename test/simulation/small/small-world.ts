import { createDatabase } from "../redis/database.ts";
import type { Twin } from "../redis/twin.ts";
import { carryOut } from "../world/calls.ts";
import { EPOCH_MS, shown } from "../world/clock.ts";
import type { Platform } from "../world/globals.ts";
import type { Action, Happening, LimiterRule, Tell } from "../world/history.ts";
import { type CallUnderWay, type Isolate, isOver, type Owner } from "../world/isolate.ts";
import { plainLimiter, plainSet } from "../world/limiter.ts";
import type { Packet } from "../world/network.ts";
import type { LimiterMaker } from "../world/plan.ts";
import { streamOf } from "../world/random.ts";
import { createClient } from "../world/redis-client.ts";

export type SmallAction = Pick<Action, "operation" | "key" | "cost"> & {
  readonly waitMs?: number;
  /** Which of the limiters of a set is asked alone, from 0. Default: the plan's limiter. */
  readonly level?: number;
};

/** A world so small that everything that can happen in it can be tried. */
export interface SmallPlan {
  readonly name: string;
  /** May be several as one. */
  readonly limiter: LimiterRule;
  readonly limiterOf?: LimiterMaker;
  readonly twins?: readonly Twin[];
  /** For each isolate what it asks, in this order; it does not wait for answers. */
  readonly asks: readonly (readonly SmallAction[])[];
  /** How far each isolate's clock is ahead, in ms. Default 0. */
  readonly clocksMs?: readonly number[];
  /** Ms after the world's start, at which a window begins. */
  readonly startMs: number;
  /** So often time may pass, each time by so many ms or until the next timer. */
  readonly ticks: number;
  readonly tickMs: number;
  /** So many requests and replies may get lost, and so many isolates may end in the middle. */
  readonly losses: number;
  readonly deaths: number;
}

/** One thing that may happen next. */
export interface Choice {
  readonly name: string;
  readonly run: () => void;
}

export interface SmallWorld extends Platform {
  /** What may happen next, always in the same order. */
  choices(): readonly Choice[];
  /** What happens if nothing else does: time passes until no timer is left. Undefined if none is. */
  rest(): Choice | undefined;
  /** Nobody runs any more. */
  settle(): void;
  end(): void;
  databaseNow(): number;
  /** Everything that what happens from here on depends on. */
  state(): string;
}

interface Timer {
  readonly due: number;
  readonly owner: Owner;
  readonly name: string;
  run: (() => void) | undefined;
}

interface Message {
  readonly name: string;
  readonly owner: Owner;
  /** A request concerns the database, a reply the isolate. */
  readonly kind: "request" | "reply";
  readonly deliver: () => void;
}

export function createSmallWorld(plan: SmallPlan, listen: Tell): SmallWorld {
  let now = plan.startMs;
  let { ticks, losses, deaths } = plan;
  let running: Owner | undefined;
  let timers: Timer[] = [];
  let messages: Message[] = [];
  let packets = 0;
  const history: string[] = [];
  const database = createDatabase({
    name: plan.limiter.database,
    now: () => EPOCH_MS + now,
    knowsScripts: true,
    ...(plan.twins && { twins: plan.twins }),
  });
  const asked = plan.asks.map(() => 0);
  const local = plan.asks.map(() => "");

  function tell(happening: Happening): void {
    if (happening.type === "executed") {
      const { call, reply, steps, now } = happening;
      if (steps.length === 0 || steps.some(({ wrote }) => wrote)) history.push(`${call.id} ${now} ${reply}`);
    }
    listen(happening);
  }

  function become(owner: Owner, what: string, run: () => void): void {
    local[owner.isolate.slot] += `${what}@${now};`;
    running = owner;
    run();
  }

  const network = { send: (packet: Packet) => post(packet) };
  function post({ owner, execute, resolve, reject }: Packet): void {
    packets += 1;
    const name = `${owner.call?.id}.${packets}`;
    const request: Message = {
      name: `request ${name}`,
      owner,
      kind: "request",
      deliver() {
        const answer = execute();
        const said = "reply" in answer ? JSON.stringify(answer.reply) : "an error";
        messages.push({
          name: `reply ${name} ${said}`,
          owner,
          kind: "reply",
          deliver: () => ("reply" in answer ? resolve(answer.reply) : reject(answer.error)),
        });
      },
    };
    messages.push(request);
  }

  const isolates: Isolate[] = plan.asks.map((_asks, slot) => ({
    id: slot + 1,
    slot,
    region: "here",
    clock: { offsetMs: plan.clocksMs?.[slot] ?? 0, pace: 1 },
    stream: streamOf(slot),
    endsWithAnswer: true,
    canWait: true,
    heedsSignals: true,
    state: "running",
    held: [],
    limiters: new Map(),
    maps: [],
  }));
  const world = {
    get now() {
      return now;
    },
    get running() {
      return running;
    },
  };
  for (const isolate of isolates) {
    const client = createClient({ isolate, database, network, heedsSignals: true, tell, world });
    running = { isolate, call: undefined };
    const { limiter: rule, limiterOf = plainLimiter } = plan;
    const alone = (rule.levels ?? [rule]).map((rule) =>
      limiterOf({ rule, client: () => client, region: "here", waitUntil }),
    );
    for (const limiter of alone) isolate.limiters.set(limiter.name, limiter);
    const byName = Object.fromEntries(alone.map((limiter) => [limiter.name, limiter]));
    if (rule.levels) isolate.limiters.set(rule.name, plainSet(byName, { rule, waitUntil }));
    tell({ type: "born", at: now, isolate: isolate.id });
  }
  running = undefined;

  function waitUntil(task: Promise<unknown>): void {
    const call = running?.call;
    if (!call) return;
    call.tasks += 1;
    const over = () => {
      call.tasks -= 1;
    };
    task.then(over, over);
  }

  function ask(isolate: Isolate, nth: number): void {
    const { level, ...wish } = (plan.asks[isolate.slot] as readonly SmallAction[])[nth] as SmallAction;
    const { levels } = plan.limiter;
    const rule = level === undefined ? plan.limiter : (levels?.[level] as LimiterRule);
    const call: CallUnderWay = {
      limiter: rule,
      keys: rule.levels?.map(() => wish.key),
      waitMs: 0,
      leavesAfterMs: undefined,
      comesBack: false,
      ...wish,
      id: (isolate.id - 1) * 10 + nth,
      follows: undefined,
      isolate: isolate.id,
      stream: streamOf(isolate.id, nth),
      timers: 0,
      tasks: 0,
      isAnswered: false,
    };
    become({ isolate, call }, `ask ${nth}`, () => {
      tell({ type: "called", at: now, call, now: shown(isolate.clock, now) });
      const limiter = isolate.limiters.get(rule.name);
      if (limiter) {
        carryOut(limiter, call, undefined).then(
          (decision) => {
            call.isAnswered = true;
            const { timers, tasks } = call;
            tell({ type: "answered", at: now, call, now: shown(isolate.clock, now), decision, timers, tasks });
          },
          (error) => {
            call.isAnswered = true;
            tell({ type: "rejected", at: now, call, reason: `${error}`, timers: call.timers, tasks: call.tasks });
          },
        );
      }
    });
  }

  /** Lets a timer or a reply reach its isolate, if anybody is there to hear it. */
  function reach(owner: Owner, what: string, run: () => void): void {
    const { isolate, call } = owner;
    if (isolate.state === "dead" || (call && isOver(call, isolate))) return;
    become(owner, what, run);
  }

  function isHeard({ isolate, call }: Owner): boolean {
    return isolate.state === "running" && !(call && isOver(call, isolate));
  }

  function fire(timer: Timer): void {
    timers = timers.filter((one) => one !== timer);
    const { run } = timer;
    timer.run = undefined;
    if (run) reach(timer.owner, timer.name, run);
  }

  function pass(toMs: number): void {
    now = Math.min(toMs, ...timers.map(({ due }) => due));
  }

  function tidy(): void {
    timers = timers.filter(({ run, owner }) => run && isHeard(owner));
    messages = messages.filter(({ kind, owner }) => kind === "request" || isHeard(owner));
  }

  return {
    isInside: () => running !== undefined,
    now: () => shown((running as Owner).isolate.clock, now),
    random: () => 0.5,
    made: () => {},
    setTimer(run, delayMs) {
      const owner = running as Owner;
      if (owner.call) owner.call.timers += 1;
      const name = `timer ${owner.call?.id} ${now + delayMs}`;
      const timer: Timer = { due: now + delayMs, owner, name, run: undefined };
      timer.run = () => {
        if (owner.call) owner.call.timers -= 1;
        run();
      };
      timers.push(timer);
      return timer;
    },
    clearTimer(handle) {
      const timer = timers.find((one) => one === handle);
      if (timer?.run && timer.owner.call) timer.owner.call.timers -= 1;
      if (timer) timer.run = undefined;
      return typeof handle === "object" && handle !== null && "due" in handle;
    },

    choices() {
      tidy();
      const choices: Choice[] = [];
      for (const isolate of isolates) {
        const nth = asked[isolate.slot] ?? 0;
        if (isolate.state === "dead") continue;
        if (nth < (plan.asks[isolate.slot]?.length ?? 0)) {
          const run = () => {
            asked[isolate.slot] = nth + 1;
            ask(isolate, nth);
          };
          choices.push({ name: `isolate ${isolate.id} asks`, run });
        }
        // One that has nothing under way is missed by nobody.
        const isBusy =
          timers.some(({ owner }) => owner.isolate === isolate) ||
          messages.some(({ owner }) => owner.isolate === isolate);
        if (deaths > 0 && isBusy) {
          const run = () => {
            deaths -= 1;
            isolate.state = "dead";
            tell({ type: "killed", at: now, isolate: isolate.id });
          };
          choices.push({ name: `isolate ${isolate.id} ends`, run });
        }
      }
      for (const message of messages) {
        const take = () => {
          messages = messages.filter((one) => one !== message);
        };
        const deliver = () => {
          take();
          if (message.kind === "request") message.deliver();
          else reach(message.owner, message.name, message.deliver);
        };
        choices.push({ name: `${message.name} arrives`, run: deliver });
        if (losses > 0) {
          const run = () => {
            losses -= 1;
            take();
          };
          choices.push({ name: `${message.name} is lost`, run });
        }
      }
      const due = timers.filter((timer) => timer.due <= now);
      for (const timer of due) choices.push({ name: `${timer.name} fires`, run: () => fire(timer) });
      if (due.length === 0 && ticks > 0) {
        const run = () => {
          ticks -= 1;
          pass(now + plan.tickMs);
        };
        choices.push({ name: "time passes", run });
      }
      return choices;
    },
    rest() {
      tidy();
      const [first] = timers.toSorted((a, b) => a.due - b.due);
      if (!first) return undefined;
      const run = () => {
        now = Math.max(now, first.due);
        fire(first);
      };
      return { name: `${first.name} fires`, run };
    },
    settle() {
      running = undefined;
    },
    end: () => tell({ type: "ended", at: now }),
    databaseNow: () => EPOCH_MS + now,
    state() {
      tidy();
      const waiting = [...messages, ...timers].map(({ name }) => name).sort();
      const alive = isolates.map(({ state }) => state);
      return JSON.stringify([now, ticks, losses, deaths, alive, asked, local, waiting, history, database.dump()]);
    },
  };
}
