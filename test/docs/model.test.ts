import * as sluice from "sluice";
import { expect, test } from "vitest";
import { blocksOf } from "./blocks.ts";
import { runBlock } from "./run-block.ts";

type Answer = { text: string; usedTokens?: number };
type Keys = Record<"org" | "team" | "user", string>;

/** The page's recipe with this model, and what is left of each limit. */
function recipe(complete: () => Promise<Answer>) {
  const code = blocksOf("docs/recipes.md").find(({ code }) => code.includes("declare function complete"))?.code ?? "";
  const { ask, limits } = runBlock(code, { ...sluice, complete }, "{ ask, limits }") as {
    ask(keys: Keys, prompt: string, maxTokens: number): Promise<string>;
    limits: sluice.AllOf<keyof Keys>;
  };
  const left = async () => {
    const seen = await limits.peek(keys, { cost: 0 });
    if (!("parts" in seen)) throw new Error("nobody knows");
    const parts: sluice.KnownDecision[] = Object.values(seen.parts);
    return parts.flatMap(({ policies }) => policies.map(({ remaining }) => remaining));
  };
  return { ask: () => ask(keys, "four", 1000), left };
}

const keys = { org: "acme", team: "ml", user: "ada" };
const WHOLE = [5_000_000, 200, 1_000_000, 20, 100_000];

test("a model that throws has used nothing, at no level", async () => {
  const { ask, left } = recipe(async () => {
    throw new Error("overloaded");
  });
  await expect(ask()).rejects.toThrow("overloaded");
  expect(await left()).toEqual(WHOLE);
});

test("what was really used is spent, more than was estimated too, and the estimate where nobody tells", async () => {
  const used = recipe(async () => ({ text: "hello", usedTokens: 70_000 }));
  expect(await used.ask()).toBe("hello");
  expect(await used.left()).toEqual([4_930_000, 199, 930_000, 19, 30_000]);
  const untold = recipe(async () => ({ text: "hello" }));
  await untold.ask();
  expect(await untold.left()).toEqual([4_998_999, 199, 998_999, 19, 98_999]);
});
