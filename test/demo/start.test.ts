import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { kill, type Listed, type NpmStart, npmStart, processes } from "./npm-start.ts";

const started: NpmStart[] = [];

afterEach(() => {
  for (const { process } of started.splice(0)) if (process.exitCode === null) kill(-(process.pid as number));
});

function start(port: number, environment?: Record<string, string>): NpmStart {
  const run = npmStart(port, environment);
  started.push(run);
  return run;
}

const get = (url: string, key: string) => fetch(url, { headers: { "x-api-key": key } });

async function expectGone(family: readonly Listed[]) {
  const left = () => processes().filter(({ pid }) => family.some((member) => member.pid === pid));
  await expect.poll(left).toEqual([]);
}

test("it serves both routes, and Ctrl-C leaves nothing behind", async () => {
  const run = start(await freePort());
  const exit = once(run.process, "exit");
  await run.ready();

  expect(await (await fetch(run.url)).text()).toContain("<title>Sluice</title>");
  for (const path of ["/api/bucket", "/api/window"]) {
    const before = performance.now();
    const responses = [];
    for (let n = 0; n < 30; n += 1) responses.push(await get(run.url + path, "start-test"));
    const passed = responses.filter(({ status }) => status === 200).length;
    // Ten, and what has flowed in meanwhile, at most one each second by both policies, and those that a busy machine had no answer for.
    const unanswered = responses.filter(({ headers }) => headers.get("x-decided-by") === "fallback").length;
    expect(passed).toBeGreaterThanOrEqual(10);
    expect(passed).toBeLessThanOrEqual(10 + Math.ceil((performance.now() - before) / 1000) + unanswered);
    const denied = responses.find(({ status }) => status === 429);
    expect(Number(denied?.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
  }

  const family = run.family();
  const commands = family.map(({ command }) => command).join("\n");
  expect(commands).toMatch(/redis-server/);
  expect(commands).toMatch(/workerd serve/);

  // Ctrl-C: a signal to the whole group. The one that ends the others may be too busy to notice it at once.
  const { pid } = family.findLast(({ command }) => command.includes("scripts/start.ts")) as Listed;
  kill(pid, "SIGSTOP");
  kill(-(run.process.pid as number), "SIGINT");
  await setTimeout(500);
  kill(pid, "SIGCONT");
  expect(await exit).toEqual([0, null]);
  await expectGone(family);
});

test("an outage of Redis lets requests pass, and limiting goes on after it", async () => {
  const run = start(await freePort());
  const exit = once(run.process, "exit");
  await run.ready();
  const source = async () => (await (await get(`${run.url}/api/bucket`, crypto.randomUUID())).json()).source;
  await expect.poll(source).toBe("store");

  const redis = run.family().find(({ command }) => command.startsWith("redis-server")) as Listed;
  kill(redis.pid);
  await expect.poll(source).toBe("fallback");
  expect((await get(`${run.url}/api/bucket`, "anyone")).status).toBe(200);
  await expect.poll(source).toBe("store");
  expect(run.output()).toMatch(/redis-server ended \(SIGKILL\); starting it again/);

  // A signal to npm alone, as a process manager sends it.
  const family = run.family();
  kill(run.process.pid as number, "SIGTERM");
  await exit;
  await expectGone(family);
});

test("it ends when it is killed and can't end anything itself", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-start-"));
  const run = start(await freePort(), { TMPDIR: folder });
  await run.ready();
  const family = run.family();
  kill(-(run.process.pid as number));
  await expectGone(family);
  // But for what tsx keeps from run to run.
  const left = async () => (await readdir(folder)).filter((name) => !name.startsWith("tsx-"));
  await expect.poll(left).toEqual([]);
  await rm(folder, { recursive: true });
});

const FAILURES = [
  { trouble: "a busy port", environment: {}, says: (port: number) => `port ${port} is in use` },
  {
    trouble: "no Redis where REDIS_URL says",
    environment: { REDIS_URL: "redis://:hush@127.0.0.1:1" },
    says: () => "can't use Redis",
  },
];

test.each(FAILURES)("$trouble: one line and exit code 1", async ({ environment, says }) => {
  const port = await freePort();
  const blocker = createServer();
  if (!("REDIS_URL" in environment)) await once(blocker.listen(port, "127.0.0.1"), "listening");
  const run = start(port, environment);
  const [code] = await once(run.process, "close");
  blocker.close();
  expect(code).toBe(1);
  const lines = run
    .output()
    .split("\n")
    .filter((line) => line.startsWith("sluice: "));
  expect(lines).toEqual([expect.stringContaining(says(port))]);
  expect(run.output()).not.toMatch(/^\s+at |hush/m);
});
