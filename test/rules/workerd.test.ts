import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { startSluice } from "../server/cli/sluice.ts";
import { MIDNIGHT } from "../support/clock.ts";
import { monitor } from "../support/monitor.ts";
import { uniqueName } from "../support/redis.ts";
import { startWorker } from "../support/worker.ts";

const REFRESH_MS = 10_000;
const namespace = uniqueName();
const [URL_, TOKEN] = [inject("restUrl"), inject("restToken")];
const commands: string[] = [];
const monitoring = await monitor(inject("redisUrl"), ([name = "", ...args]) => {
  if (args.includes(`${namespace}/sluice:rules`)) commands.push(name.toLowerCase());
});

let workerd: Miniflare;
beforeAll(async () => {
  workerd = await startWorker("test/rules/worker.ts", { URL: URL_, TOKEN, NAMESPACE: namespace });
});

afterAll(async () => {
  await workerd.dispose();
  monitoring.stop();
});

let now = MIDNIGHT;
async function ask(key: string) {
  const response = await workerd.dispatchFetch("https://api.test/", { headers: { "x-key": key, "x-now": `${now}` } });
  return { status: response.status, fields: response.headers, body: await response.text() };
}

async function operate(...args: string[]) {
  const env = { UPSTASH_REDIS_REST_URL: URL_, UPSTASH_REDIS_REST_TOKEN: TOKEN, SLUICE_NAMESPACE: namespace };
  const { code, out } = await startSluice(["rules", ...args], env).ended;
  expect(code).toBe(0);
  return out;
}

/** The commands on the rules, once Redis has told of them. */
async function seen(count: number): Promise<string[]> {
  await expect.poll(() => commands.length).toBeGreaterThanOrEqual(count);
  return commands.splice(0);
}

test("a running Worker takes a block and a raised limit from the command line with its next refresh, for 2 commands", async () => {
  expect((await ask("k")).status).toBe(200);
  // The first time Redis may not know the script yet.
  await expect.poll(() => commands).toContain("getrange");
  commands.splice(0);
  await ask("k");
  const denied = await ask("k");
  expect([denied.status, denied.fields.get("RateLimit")]).toEqual([429, expect.stringMatching(/^"quota";r=0/)]);
  // Checks between refreshes ask nothing of it.
  for (let i = 0; i < 20; i += 1) await ask(`k${i}`);
  now += REFRESH_MS;
  await ask("k");
  expect(await seen(2)).toEqual(["evalsha", "getrange"]);

  await operate("block", "api", "bad", "--for", "1h", "--why", "secret reason");
  await operate("limit", "api", "k", "quota=4");
  expect((await ask("bad")).status).toBe(200);
  commands.splice(0);
  now += REFRESH_MS;
  // Behind this answer the rules are read.
  await ask("other");
  await expect.poll(async () => (await ask("bad")).status).toBe(403);
  const blocked = await ask("bad");
  expect(JSON.parse(blocked.body)).toEqual({
    type: "https://iana.org/assignments/http-problem-types#abnormal-usage-detected",
    title: "Blocked",
    "retry-after": expect.any(Number),
    status: 403,
    detail: expect.stringMatching(/^Try again in \d+ s\.$/),
  });
  expect(blocked.body).not.toContain("secret reason");
  expect(blocked.fields.has("RateLimit")).toBe(false);
  const raised = await ask("k");
  expect([raised.status, raised.fields.get("RateLimit")]).toEqual([200, expect.stringMatching(/^"quota";r=1/)]);
  expect(await seen(3)).toEqual(["evalsha", "getrange", "getrange"]);
});
