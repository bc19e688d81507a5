import { Hono } from "hono";
import * as sluice from "sluice";
import { createLimiter, memoryStore } from "sluice";
import * as sluiceHono from "sluice/hono";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { blocksOf } from "./blocks.ts";

/** The app of the page itself, with passwords that are all wrong, and a clock that stands still. */
function appOf(without: RegExp | undefined) {
  const code = blocksOf("docs/recipes.md").find(({ code }) => code.includes("passwordIsRight"))?.code ?? "";
  const script = without ? code.replace(without, "") : code;
  if (without) expect(script).not.toBe(code);
  const { outputText } = ts.transpileModule(script.replace(/^import .+;$/gm, ""), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  });
  let tried = 0;
  const passwordIsRight = async () => {
    tried += 1;
    return false;
  };
  const at = (options: sluice.LimiterOptions) => createLimiter({ ...options, now: () => 1_790_000_000_000 });
  const names = { ...sluiceHono, ...sluice, createLimiter: at, memoryStore, Hono, passwordIsRight };
  const app = new Function(...Object.keys(names), `${outputText}\nreturn app;`)(...Object.values(names)) as Hono;
  return { app, tried: () => tried };
}

/** So many passwords are tried if each address tries each account so often. */
async function attack(addresses: number, accounts: number, times: number, without?: RegExp): Promise<number> {
  const { app, tried } = appOf(without);
  for (let time = 0; time < times; time += 1) {
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
});
