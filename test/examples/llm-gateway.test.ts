import type { KnownDecision } from "sluice";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Example, exampleOf } from "./example.ts";
import { tool } from "./processes.ts";

let example: Example;
let gateway: string;

beforeAll(async () => {
  example = await exampleOf("llm-gateway");
  const upstream = await example.serve(() => ["node", "upstream.js"]);
  const wrangler = ["node", tool("wrangler/bin/wrangler.js"), "dev", "--ip", "127.0.0.1", "--var"] as const;
  gateway = await example.serve((port) => [...wrangler, `UPSTREAM_URL:${upstream}`, "--port", `${port}`]);
});

afterAll(() => example?.end());

const ask = (key: string, content: string, max_tokens: number) =>
  fetch(`${gateway}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ role: "user", content }], max_tokens }),
  });

async function left(key: string): Promise<Record<string, number>> {
  const response = await fetch(`${gateway}/v1/usage`, { headers: { authorization: `Bearer ${key}` } });
  const { policies } = (await response.json()) as KnownDecision;
  return Object.fromEntries(policies.map(({ policy, remaining }) => [policy, remaining]));
}

// The answer has 11 words at most, behind 200 tokens of thought; the question below has 3.
describe("llm-gateway: requests a minute and tokens a day", () => {
  test("gives back what a short answer did not use", async () => {
    const response = await ask("alice", "what is sluice", 1000);
    expect(response.status).toBe(200);
    expect(response.headers.get("RateLimit")).toMatch(/^"requests";r=19;t=\d+, "tokens";r=89\d\d;t=\d+$/);
    const events = (await response.text()).split("\n\n").filter(Boolean);
    expect(events).toHaveLength(11 + 2);
    await vi.waitFor(async () => expect(await left("alice")).toEqual({ requests: 19, tokens: 10_000 - 214 }));
  });

  test("charges what an answer used beyond the estimate", async () => {
    await (await ask("alice", "what is sluice", 5)).text();
    await vi.waitFor(async () => expect(await left("alice")).toEqual({ requests: 18, tokens: 10_000 - 214 - 208 }));
  });

  test("books the real usage for a client that leaves in the middle", async () => {
    const response = await ask("alice", "what is sluice", 1000);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    await vi.waitFor(async () => expect(await left("alice")).toEqual({ requests: 17, tokens: 10_000 - 422 - 214 }), {
      timeout: 5000,
    });
  });

  test("denies by tokens and takes no request for it", async () => {
    const before = await left("alice");
    const denied = await ask("alice", "what is sluice", 9800);
    expect(denied.status).toBe(429);
    expect(await denied.json()).toMatchObject({ "violated-policies": ["tokens"] });
    expect(Number(denied.headers.get("Retry-After"))).toBeGreaterThan(60);
    expect(await left("alice")).toEqual(before);
  });

  test("gives both back where the model fails", async () => {
    const before = await left("alice");
    expect((await ask("alice", "fail", 100)).status).toBe(502);
    await vi.waitFor(async () => expect(await left("alice")).toEqual(before));
  });

  test("denies by requests", async () => {
    const statuses = [];
    for (let i = 0; i < 21; i += 1) {
      const response = await ask("bob", "hi", 1);
      statuses.push(response.status);
      if (response.status === 429) expect(await response.json()).toMatchObject({ "violated-policies": ["requests"] });
      else await response.text();
    }
    expect(statuses).toEqual([...Array(20).fill(200), 429]);
  });

  test("knows its keys and its requests", async () => {
    expect((await ask("mallory", "hi", 1)).status).toBe(401);
    expect((await ask("alice", "hi", -1)).status).toBe(400);
    expect(await example.redis.keys("*mallory*")).toEqual([]);
  });
});
