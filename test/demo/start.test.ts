import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { freePort } from "../../src/redis-rest/free-port.ts";

interface Start {
  readonly process: ChildProcess;
  readonly url: string;
  /** What it has printed so far. */
  output(): string;
}

const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) if (child.exitCode === null) kill(-(child.pid as number));
});

/** `npm start`, as a terminal runs it: at the head of a process group of its own. */
function npmStart(port: number, environment: Record<string, string> = {}): Start {
  const { REDIS_URL: _none, ...inherited } = process.env;
  const env = { ...inherited, ...environment };
  const child = spawn("npm", ["start", "--", "--port", `${port}`], { detached: true, env });
  running.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return { process: child, url: `http://127.0.0.1:${port}`, output: () => output };
}

/** Waits until it says that it is ready. */
async function ready(start: Start): Promise<void> {
  await expect.poll(() => start.output(), { timeout: 60_000 }).toContain(`${start.url}  (ready`);
}

interface Listed {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The processes of this machine that run: the dead that nobody has asked after are left out. */
function processes(): Listed[] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,stat=,args="], { encoding: "utf8" }).trim().split("\n");
  return lines.flatMap((line) => {
    const [, pid, parent, state, command] = /^ *(\d+) +(\d+) +(\S+) +(.*)$/.exec(line) ?? [];
    return state?.startsWith("Z") ? [] : [{ pid: Number(pid), parent: Number(parent), command: command as string }];
  });
}

function familyOf(pid: number): Listed[] {
  const all = processes();
  const of = (parent: number): Listed[] =>
    all.filter((each) => each.parent === parent).flatMap((each) => [each, ...of(each.pid)]);
  return of(pid);
}

function kill(pid: number, signal: NodeJS.Signals = "SIGKILL"): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

const get = (url: string, key: string) => fetch(url, { headers: { "x-api-key": key } });

test("npm start serves both routes, and Ctrl-C leaves nothing behind", { timeout: 90_000 }, async () => {
  const start = npmStart(await freePort());
  const exit = once(start.process, "exit");
  await ready(start);

  expect(await (await fetch(start.url)).text()).toContain("<title>Sluice</title>");
  for (const path of ["/api/bucket", "/api/window"]) {
    const before = performance.now();
    const responses = [];
    for (let n = 0; n < 30; n += 1) responses.push(await get(start.url + path, "start-test"));
    const passed = responses.filter(({ status }) => status === 200).length;
    // Ten, and what has flowed in meanwhile, at most one each second by both policies.
    expect(passed).toBeGreaterThanOrEqual(10);
    expect(passed).toBeLessThanOrEqual(10 + Math.ceil((performance.now() - before) / 1000));
    const denied = responses.find(({ status }) => status === 429);
    expect(Number(denied?.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
  }

  const family = familyOf(start.process.pid as number);
  const commands = family.map(({ command }) => command).join("\n");
  expect(commands).toMatch(/redis-server/);
  expect(commands).toMatch(/workerd serve/);

  // Ctrl-C: a signal to the whole group.
  kill(-(start.process.pid as number), "SIGINT");
  expect(await exit).toEqual([0, null]);
  const left = () => processes().filter(({ pid }) => family.some((member) => member.pid === pid));
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
});

test("an outage of Redis lets requests pass, and limiting goes on after it", { timeout: 90_000 }, async () => {
  const start = npmStart(await freePort());
  const exit = once(start.process, "exit");
  await ready(start);
  const source = async () => (await (await get(`${start.url}/api/bucket`, crypto.randomUUID())).json()).source;
  expect(await source()).toBe("store");

  const family = familyOf(start.process.pid as number);
  const redis = family.find(({ command }) => command.startsWith("redis-server")) as Listed;
  kill(redis.pid);
  await expect.poll(source).toBe("fallback");
  expect((await get(`${start.url}/api/bucket`, "anyone")).status).toBe(200);
  await expect.poll(source, { timeout: 20_000 }).toBe("store");
  expect(start.output()).toMatch(/redis-server ended \(SIGKILL\); starting it again/);

  // npm alone, as a process manager would end it.
  const later = familyOf(start.process.pid as number);
  kill(start.process.pid as number, "SIGTERM");
  await exit;
  const left = () => processes().filter(({ pid }) => later.some((member) => member.pid === pid));
  await expect.poll(left, { timeout: 10_000 }).toEqual([]);
});

const FAILURES = [
  { trouble: "a busy port", environment: {}, says: (port: number) => `port ${port} is in use` },
  {
    trouble: "no Redis where REDIS_URL says",
    environment: { REDIS_URL: "redis://:hush@127.0.0.1:1" },
    says: () => "can't use Redis",
  },
];

test.each(FAILURES)("$trouble is one line and exit code 1", { timeout: 60_000 }, async ({ environment, says }) => {
  const port = await freePort();
  const blocker = createServer();
  if (!("REDIS_URL" in environment)) await once(blocker.listen(port, "127.0.0.1"), "listening");
  const start = npmStart(port, environment);
  const [code] = await once(start.process, "close");
  blocker.close();
  expect(code).toBe(1);
  const lines = start
    .output()
    .split("\n")
    .filter((line) => line.startsWith("sluice: "));
  expect(lines).toEqual([expect.stringContaining(says(port))]);
  expect(start.output()).not.toMatch(/^\s+at |hush/m);
});
