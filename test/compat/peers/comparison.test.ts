import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { startPrivateRedis } from "../../../src/server/redis/private-redis.ts";
import { createRedisRest } from "../../../src/server/rest/server.ts";
import { text } from "../../docs/blocks.ts";
import { billed } from "../../support/billed.ts";
import { connect, uniqueName } from "../../support/redis.ts";
import { type Make, PEERS, type Place, type Quotas, SEVERAL, WEIGHTED } from "./peers.ts";

// docs/comparison.md says what each library does. What can be run is run here, and held against that table's cells.

const HOUR = 3600;
const DAY = 24 * HOUR;

// A server of its own: it counts commands.
const server = await startPrivateRedis();
const rest = await createRedisRest({ redis: server.url });
const redis = await connect(server.url);
afterAll(async () => {
  redis.disconnect();
  await rest.close();
  await server.stop();
});
beforeEach(() => redis.flushall());

// In the middle of an hour, so that no window ends between two calls.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2040, 0, 5, 12, 30) }));
afterAll(() => void vi.useRealTimers());

/** The cells of a page's table of libraries: by row, then by library. */
function cells(page = "docs/comparison.md"): Map<string, Map<string, string>> {
  const [, table = ""] = /^(\| what \| Sluice \|[\s\S]*?)\n\n/m.exec(text(page)) ?? [];
  const [head = [], , ...rows] = [...table.matchAll(/^\|(.*)\|$/gm)].map(([, row = ""]) =>
    row.split("|").map((cell) => cell.replace("°", "").trim()),
  );
  return new Map(
    rows.map(([name = "", ...row]) => [name, new Map(row.map((cell, column) => [head[column + 1] as string, cell]))]),
  );
}

const place = (): Place => ({ redisUrl: server.url, restUrl: rest.url, restToken: rest.token, prefix: uniqueName() });

const NOWHERE: Place = { redisUrl: "redis://127.0.0.1:9", restUrl: "http://127.0.0.1:9", restToken: "t", prefix: "t" };

async function withPeer<Result>(
  make: Make,
  quotas: Quotas,
  at: Place,
  use: (call: (cost?: number) => Promise<boolean>) => Promise<Result>,
): Promise<Result> {
  const peer = await make(at, quotas);
  try {
    return await use((cost) => peer.call(cost));
  } finally {
    await peer.end();
  }
}

async function times(count: number, call: () => Promise<boolean>): Promise<number> {
  let passed = 0;
  for (let n = 0; n < count; n += 1) if (await call()) passed += 1;
  return passed;
}

const total = (commands: Record<string, number>) => Object.values(commands).reduce((sum, calls) => sum + calls, 0);

/** What each row says of a library, found out by running it. */
const ROWS: Record<
  string,
  { readonly of?: readonly string[]; readonly else?: string; find(make: Make): Promise<string> }
> = {
  "5 of 10 used, a cost of 8 denied: calls that pass then": {
    of: WEIGHTED,
    else: "no costs",
    find: (make) =>
      withPeer(make, { [HOUR]: 10 }, place(), async (call) => {
        await call(5);
        expect(await call(8)).toBe(false);
        return `${await times(5, call)}`;
      }),
  },
  "10 an hour and 3 a day, ten calls: taken from the hour": {
    of: SEVERAL,
    else: "one quota a route",
    async find(make) {
      const at = place();
      const passed = await withPeer(make, { [HOUR]: 10, [DAY]: 3 }, at, (call) => times(10, call));
      expect(passed).toBe(3);
      // What the day would let pass, the hour decides.
      return `${10 - (await withPeer(make, { [HOUR]: 10, [DAY]: 1000 }, at, (call) => times(10, call)))}`;
    },
  },
  "billed commands, an admitted call": {
    find: (make) =>
      withPeer(make, { [HOUR]: 1000 }, place(), async (call) => {
        await times(2, call);
        return `${total(await billed(redis, () => times(10, call))) / 10}`;
      }),
  },
  "billed commands, a denied call that the isolate knows of": {
    find: (make) =>
      withPeer(make, { [HOUR]: 3 }, place(), async (call) => {
        await times(5, call);
        return `${total(await billed(redis, () => times(10, call))) / 10}`;
      }),
  },
  "Redis refuses connections": {
    find: (make) =>
      withPeer(make, { [HOUR]: 10 }, NOWHERE, (call) =>
        call().then(
          () => "answers",
          () => "throws",
        ),
      ),
  },
};

describe.each(Object.keys(ROWS))("%s", (row) => {
  const { of = Object.keys(PEERS), else: without, find } = ROWS[row] as (typeof ROWS)[string];
  test.each(Object.keys(PEERS))("%s", async (name) => {
    const found = of.includes(name) ? await find(PEERS[name] as Make) : without;
    expect(cells().get(row)?.get(name)).toBe(found);
  });
});

test("README shows rows of that table", () => {
  const shown = cells("README.md");
  expect(shown.size).toBeGreaterThan(10);
  const whole = cells();
  for (const [row, libraries] of shown) expect(libraries, row).toEqual(whole.get(row));
});
