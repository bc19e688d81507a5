import { Hono } from "hono";
import * as sluice from "sluice";
import { createLimiter, memoryStore } from "sluice";
import * as sluiceHono from "sluice/hono";
import { describe, expect, test } from "vitest";
import { blocksOf } from "./blocks.ts";
import { runBlock } from "./run-block.ts";

/** The app of the page itself, with passwords that are all wrong, and a clock that stands still. */
function appOf(without: RegExp | undefined) {
  const code = blocksOf("docs/recipes.md").find(({ code }) => code.includes("passwordIsRight"))?.code ?? "";
  const script = without ? code.replace(without, "") : code;
  if (without) expect(script).not.toBe(code);
  let tried = 0;
  const passwordIsRight = async () => {
    tried += 1;
    return false;
  };
  const clock = { ms: 1_790_000_000_000 };
  const at = (options: sluice.LimiterOptions) => createLimiter({ ...options, now: () => clock.ms });
  const names = { ...sluiceHono, ...sluice, createLimiter: at, memoryStore, Hono, passwordIsRight };
  const app = runBlock(script, names, "app") as Hono;
  return { app, clock, tried: () => tried };
}

/** So many passwords are tried if each address tries each account so often, with so long a pause between the rounds. */
async function attack(
  addresses: number,
  accounts: number,
  times: number,
  without?: RegExp,
  pauseMs = 0,
): Promise<number> {
  const { app, clock, tried } = appOf(without);
  for (let time = 0; time < times; time += 1) {
    clock.ms += pauseMs;
    for (let address = 0; address < addresses; address += 1) {
      const env = { incoming: { socket: { remoteAddress: `198.51.${address >> 8}.${address & 255}` } } };
      for (let account = 0; account < accounts; account += 1) {
        const body = JSON.stringify({ account: `a${account}`, password: `p${time}` });
        await app.request("/login", { method: "POST", body }, env);
      }
    }
  }
  return tried();
}

test("sign-in: what is no sign-in is refused, counts, and tries no password", async () => {
  const { app, tried } = appOf(undefined);
  const ask = async (host: number, body: string) => {
    const env = { incoming: { socket: { remoteAddress: `198.51.100.${host}` } } };
    return (await app.request("/login", { method: "POST", body }, env)).status;
  };
  const parts = ['{"account":1,"password":"p"}', '{"account":"a"}', '{"password":"p"}'];
  const bodies = ["", "{", "null", "[]", '"a"', "{}", ...parts];
  for (const [host, body] of bodies.entries()) expect(await ask(host, body)).toBe(400);
  for (let time = 0; time < 5; time += 1) expect(await ask(99, "{")).toBe(400);
  for (let time = 5; time < 30; time += 1) expect(await ask(99, "{")).toBe(429);
  // By now its address is used up, for any account.
  expect(await ask(99, '{"account":"ada","password":"p"}')).toBe(429);
  expect(tried()).toBe(0);
});

test("sign-in: an account is one key, however it is spelled", async () => {
  const { app, tried } = appOf(undefined);
  for (const account of ["ada", "Ada", " ada", "ADA ", "aDa", "adA"]) {
    const env = { incoming: { socket: { remoteAddress: "198.51.100.7" } } };
    await app.request("/login", { method: "POST", body: JSON.stringify({ account, password: "p" }) }, env);
  }
  expect(tried()).toBe(5);
});

describe("sign-in: what the page says of attacks", () => {
  const byAddress = /^ {2}rateLimit\(\{ limiter: toAnyAccount.+\n/m;

  test("with the limit by address", async () => {
    expect(await attack(1, 200, 20)).toBe(30);
    expect(await attack(200, 1, 20)).toBe(50);
    expect(await attack(1, 1, 20)).toBe(5);
  });

  test("without it", async () => {
    expect(await attack(1, 200, 1, byAddress)).toBe(200);
    expect(await attack(1, 200, 20, byAddress)).toBe(1000);
    expect(await attack(200, 1, 20, byAddress)).toBe(50);
    expect(await attack(1, 1, 20, byAddress)).toBe(5);
  });

  describe("for six hours, each quarter of an hour one round", () => {
    const penalty = /^ +penalty\(.+\n/m;
    const [rounds, quarter] = [24, 900_000];
    const tries = (addresses: number, accounts: number, without?: RegExp) =>
      attack(addresses, accounts, rounds, without, quarter);

    test("of one address and 200 accounts", async () => {
      const figures = [await tries(1, 200, byAddress), await tries(1, 200, penalty), await tries(1, 200)];
      expect(figures).toEqual([4800, 720, 90]);
    }, 120_000);

    test("of 200 addresses and one account", async () => {
      expect([await tries(200, 1, penalty), await tries(200, 1)]).toEqual([300, 300]);
    }, 120_000);
  });
});
