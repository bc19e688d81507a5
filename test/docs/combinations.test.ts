import {
  allOf,
  anyOf,
  calendar,
  createLimiter,
  fixedWindow,
  inFlight,
  type Limiter,
  type LimiterOptions,
  leasedWindows,
  leases,
  memoryStore,
  parts,
  penalty,
  type RedisClient,
  redisStore,
  regions,
  rules,
  slidingLog,
  slidingWindow,
  tokenBucket,
} from "sluice";
import { expect, test } from "vitest";
import { text } from "./blocks.ts";

// The page's table of what goes with what: each cell is tried, as far as it says yes or refused.

const nobody: RedisClient = { evalsha: async () => null, eval: async () => null, del: async () => 1 };
const ban = penalty({ after: 3, within: "1 m", for: "1 m" });
const other = fixedWindow({ name: "other", limit: 3, window: "1 h" });

let made = 0;

function limiterOf(options: Partial<LimiterOptions>): Limiter {
  made += 1;
  return createLimiter({ name: `l${made}`, store: redisStore(nobody), ...options } as LimiterOptions);
}
const regional = () => regions({ near: "a", stores: { a: redisStore(nobody), b: redisStore(nobody) } });

const [bucket, fixed] = [tokenBucket({ limit: 5, window: "1 m" }), fixedWindow({ limit: 5, window: "1 m" })];

const ROWS: Record<string, readonly Partial<LimiterOptions>[]> = {
  "`tokenBucket`, `fixedWindow`, `slidingWindow`": [bucket, fixed, slidingWindow({ limit: 5, window: "1 m" })].map(
    (policy) => ({ policies: [policy] }),
  ),
  "`parts`": [{ policies: [slidingWindow({ limit: 5, window: "1 m", parts: parts(5) })] }],
  "`calendar`": [{ policies: [fixedWindow({ limit: 5, window: calendar("1 day") })] }],
  "`slidingLog`": [{ policies: [slidingLog({ limit: 5, window: "1 m" })] }],
  "`inFlight`": [{ policies: [inFlight({ limit: 5, hold: "1 m" })] as never }],
  "with a `penalty`": [{ policies: [bucket, ban] }],
  "with `leases`": [{ policies: [bucket], leases: leases() }],
  "with `rules`": [{ policies: [bucket], rules: rules({ redis: nobody }) }],
  "on `regions`": [{ policies: [bucket], store: regional() }],
};

/** Makes what a column adds to such a limiter, and may make one call on a memory store. */
const COLUMNS: Record<string, (options: Partial<LimiterOptions>) => unknown> = {
  "other policies": (options) => limiterOf({ ...options, policies: [...(options.policies ?? []), other] }),
  "`allOf`": ({ store = memoryStore(), ...options }) =>
    allOf({ a: limiterOf({ ...options, store }), b: limiterOf({ policies: [other], store }) }),
  "`anyOf`": (options) => anyOf([limiterOf(options), limiterOf({ policies: [other] })]),
  "`reserve`": ({ store: _store, ...options }) => limiterOf({ ...options, store: memoryStore() }).reserve("k"),
  "`hold`": ({ store: _store, ...options }) =>
    (limiterOf({ ...options, store: memoryStore() }) as unknown as { hold(key: string): unknown }).hold("k"),
  "`penalty`": (options) => limiterOf({ ...options, policies: [...(options.policies ?? []), ban] }),
  "`leases`": (options) => limiterOf({ ...options, leases: leases() }),
  "`rules`": (options) => limiterOf({ ...options, rules: rules({ redis: nobody }) }),
  "`regions`": (options) => limiterOf({ ...options, store: regional() }),
};

const [, table = ""] = /## What goes with what[\s\S]*?\n(\|[\s\S]*?)\n\n/.exec(text("docs/several-limits.md")) ?? [];
const [head = [], , ...rows] = table.split("\n").map((row) =>
  row
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim()),
);
const cells = rows.flatMap(([row = "", ...verdicts]) =>
  verdicts
    .map((verdict, column) => ({ row, column: head[column + 1] ?? "", verdict }))
    .filter(({ verdict }) => ["yes", "no", "refused"].includes(verdict)),
);

test("all of the table is read", () => {
  expect(rows.map(([row]) => row)).toEqual(Object.keys(ROWS));
  expect(head.slice(1)).toEqual(Object.keys(COLUMNS));
  expect(cells.length).toBeGreaterThan(70);
});

test.each(["`parts`", "`calendar`"])("%s with leases: only with leasedWindows", (row) => {
  for (const options of ROWS[row] ?? []) {
    expect(() => limiterOf({ ...options, leases: leases() })).toThrow(/don't go with/);
    limiterOf({ ...options, leases: leases({ windows: leasedWindows() }) });
  }
});

test.each(cells)("$row, $column: $verdict", async ({ row, column, verdict }) => {
  for (const options of ROWS[row] ?? []) {
    const making = (async () => COLUMNS[column]?.(options))();
    // A method that is not there is a TypeError of the platform's.
    const reason =
      verdict === "no"
        ? /not a function/
        : /go(es)? with|only policy|combines with nothing|on regions|has inFlight|twice|one penalty|release/;
    if (verdict !== "yes") await expect(making).rejects.toThrow(reason);
    else await expect(making).resolves.toBeDefined();
  }
});
