import type { Kind, LimiterRule, PolicyRule } from "../world/history.ts";
import type { SmallAction, SmallPlan } from "./small-world.ts";

const policy = (kind: Kind, limit: number, windowMs: number): PolicyRule => {
  return { kind, name: kind, limit, windowMs, burst: limit, ...(kind === "parts" && { parts: 2 }) };
};

const rule: LimiterRule = {
  name: "small",
  database: "main",
  policies: [],
  clock: "isolate",
  timeoutMs: 2,
  failureMode: "closed",
  snapshots: { maxKeys: 10, maxAgeMs: 5000 },
  breaker: false,
};

const limited = (kinds: readonly Kind[], limit: number, windowMs: number, more: Partial<LimiterRule> = {}) => {
  return { ...rule, ...more, policies: kinds.map((kind) => policy(kind, limit, windowMs)) };
};

const ask = (operation: SmallAction["operation"], cost = 1, waitMs = 0): SmallAction => {
  return { operation, key: "k", cost, waitMs };
};
const one = ask("consume");
const two = ask("consume", 2);

const KINDS: readonly (readonly Kind[])[] = [
  ["bucket"],
  ["sliding"],
  ["fixed"],
  ["log"],
  ["bucket", "sliding", "fixed"],
  ["parts"],
];
const called = (kinds: readonly Kind[]) => kinds.join(", ");

/** Nothing fails and no time passes but what is told. */
const calm = { startMs: 0, ticks: 0, tickMs: 1, losses: 0, deaths: 0 };

/** Two calls for one unit around the end of a window; a message lost and an isolate ended, at any time. */
const lastUnit = KINDS.map(
  (kinds): SmallPlan => ({
    ...calm,
    name: `one unit, two isolates, a loss and a death, around a window's end: ${called(kinds)}`,
    limiter: limited(kinds, 1, 3),
    asks: [[one], [one]],
    startMs: 1,
    ticks: 3,
    losses: 1,
    deaths: 1,
  }),
);

/** An isolate that is denied, asks again, and knows of the first denial or not. */
const again = KINDS.map(
  (kinds): SmallPlan => ({
    ...calm,
    name: `two units, three calls, while time passes: ${called(kinds)}`,
    limiter: limited(kinds, 2, 3),
    asks: [[two, one], [one]],
    startMs: 2,
    ticks: 2,
  }),
);

/** What an isolate gives back must be seen by itself at once, and never give more than was taken. */
const givenBack = KINDS.map(
  (kinds): SmallPlan => ({
    ...calm,
    name: `one unit, given back while others ask, one message lost: ${called(kinds)}`,
    limiter: limited(kinds, 1, 1000, { timeoutMs: 1000 }),
    asks: [[one, ask("refund")], [one]],
    losses: 1,
  }),
);

const resets: SmallPlan = {
  ...calm,
  name: "two units, a reset in between, one message lost",
  limiter: limited(["sliding"], 2, 1000, { timeoutMs: 1000 }),
  asks: [[two, one], [ask("reset")]],
  losses: 1,
};

/** A bucket lends, a window makes wait: times are kept, whatever order answers and timers come in. */
const waiters = (["bucket", "fixed"] as const).map(
  (kind): SmallPlan => ({
    ...calm,
    name: `one unit, two that wait for it: ${kind}`,
    limiter: limited([kind], 1, 2, { timeoutMs: 3 }),
    asks: [[ask("wait", 1, 3)], [ask("wait", 1, 3)]],
    ticks: 4,
  }),
);

/** Time passes by most of a second: a key's life and its grace end while calls are on their way. */
const lives = KINDS.map(
  (kinds): SmallPlan => ({
    ...calm,
    name: `one unit, calls long on their way while the key ends: ${called(kinds)}`,
    limiter: limited(kinds, 1, 300, { timeoutMs: 900 }),
    asks: [[one], [one, one]],
    startMs: 250,
    ticks: 3,
    tickMs: 450,
  }),
);

/** One clock two seconds ahead of the other: what it takes counts for its life and no longer. */
const ahead = KINDS.map(
  (kinds): SmallPlan => ({
    ...calm,
    name: `one unit, one clock two seconds ahead: ${called(kinds)}`,
    limiter: limited(kinds, 1, 700, { timeoutMs: 900 }),
    asks: [[one], [one, one]],
    clocksMs: [2000, 0],
    startMs: 100,
    ticks: 3,
    tickMs: 600,
  }),
);

/** Three isolates, one call each, for two units. */
const three = KINDS.map(
  (kinds): SmallPlan => ({
    ...calm,
    name: `two units, three isolates: ${called(kinds)}`,
    limiter: limited(kinds, 2, 3),
    asks: [[one], [one], [one]],
    startMs: 1,
    ticks: 1,
  }),
);

/** Two limiters as one, while one of them is asked alone: all or nothing, and one count, whatever the order. */
const together = (["bucket", "sliding", "fixed"] as const).map((kind): SmallPlan => {
  const more = { timeoutMs: 900 };
  const levels = [limited([kind], 1, 1000, more), { ...limited(["fixed"], 2, 1000, more), name: "wide" }];
  return {
    ...calm,
    name: `two limiters as one, one of them alone, one message lost: ${kind} and fixed`,
    limiter: {
      ...rule,
      ...more,
      name: "both",
      policies: levels.flatMap(({ policies }) => policies),
      snapshots: undefined,
      levels,
    },
    asks: [[one], [one, { ...one, level: 0 }]],
    startMs: 250,
    ticks: 1,
    tickMs: 450,
    losses: 1,
  };
});

const EVERY = [lastUnit, again, lives, ahead, three];

/** Worlds that `npm test` tries every order of, in seconds: less time, fewer calls. */
export const SMALL_WORLDS: readonly SmallPlan[] = [
  ...lastUnit.map((plan): SmallPlan => ({ ...plan, startMs: 2, ticks: 1 })),
  ...again.map((plan): SmallPlan => ({ ...plan, ticks: 1 })),
  ...givenBack,
  resets,
  ...together.slice(0, 1).map((plan): SmallPlan => ({ ...plan, ticks: 0 })),
  ...waiters.map((plan): SmallPlan => ({ ...plan, ticks: 2 })),
  ...[...lives.slice(0, 3), ...ahead.slice(3, 5)].map((plan): SmallPlan => ({ ...plan, asks: [[one], [one]] })),
];

/** Wider ones, in minutes: more time, more calls, more that fails. */
export const WIDE_WORLDS: readonly SmallPlan[] = [
  ...EVERY.flat(),
  ...waiters,
  ...together.map((plan): SmallPlan => ({ ...plan, deaths: 1 })),
  ...three.map((plan): SmallPlan => ({ ...plan, name: `${plan.name}; and one ends`, deaths: 1 })),
  ...KINDS.map(
    (kinds): SmallPlan => ({
      ...calm,
      name: `four units, four calls of two isolates: ${called(kinds)}`,
      limiter: limited(kinds, 4, 3),
      asks: [
        [ask("consume", 3), one],
        [two, one],
      ],
      startMs: 2,
      ticks: 1,
    }),
  ),
];
