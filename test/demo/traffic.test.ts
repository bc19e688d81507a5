import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { get } from "node:http";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { kill, type NpmStart, npmStart } from "./npm-start.ts";

let port: number;
let run: NpmStart;
beforeAll(async () => {
  port = await freePort();
  run = npmStart(port);
  await run.ready();
}, 120_000);
afterAll(() => kill(-(run.process.pid as number), "SIGINT"));

const traffic = (...args: string[]) =>
  promisify(execFile)("npm", ["run", "-s", "demo:traffic", "--", "--port", `${port}`, ...args]);

/** What the page's script would get. */
async function figures() {
  const response = await fetch(`${run.url}/dashboard/api/figures?hours=24`);
  const { limiters } = (await response.json()) as {
    limiters: { limiter: string; calls: { outcome: string; count: number }[]; hours: unknown[] }[];
  };
  return new Map(limiters.map((each) => [each.limiter, each]));
}

test("the demo's Worker feeds the dashboard that it serves, to this machine's hosts alone", async () => {
  for (let i = 0; i < 3; i += 1) await fetch(`${run.url}/api/bucket`);
  // Figures are sent behind the answer of a later request.
  const counted = async () => {
    await fetch(`${run.url}/api/bucket`);
    return (await figures()).get("demo-bucket")?.calls.length;
  };
  await expect.poll(counted, { timeout: 30_000, interval: 500 }).toBeGreaterThan(0);
  expect(await (await fetch(`${run.url}/dashboard`)).text()).toContain("<title>Sluice dashboard</title>");
  expect((await fetch(`http://localhost:${port}/dashboard`)).status).toBe(200);
  expect(await (await fetch(`${run.url}/api/status`)).json()).toMatchObject({ dashboard: true });
  const [response] = await once(get(`${run.url}/dashboard`, { headers: { host: `evil.test:${port}` } }), "response");
  expect(response.statusCode).toBe(403);
});

test("the traffic makes hours of all limiters, says how far it is, and does not play them twice", async () => {
  const file = `.wrangler/demo-${port}.json`;
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { stdout } = await traffic("--hours", "2", "--minutes", "0.05");
  expect(stdout).toMatch(/2 of 2 h, [\d,]+ calls\n/);
  expect(stdout).toContain(`${run.url}/dashboard`);
  const found = await figures();
  for (const name of ["api", "login", "search", "org", "user"]) {
    expect(found.get(name)?.hours.length, name).toBeGreaterThanOrEqual(2);
  }
  const before = found.get("api")?.calls.reduce((sum, { count }) => sum + count, 0);
  const again = await traffic("--hours", "2", "--minutes", "0");
  expect(again.stdout).toContain("is there already");
  expect((await figures()).get("api")?.calls.reduce((sum, { count }) => sum + count, 0)).toBe(before);
  await expect(traffic("--hours", "1000")).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("--hours"),
  });
  await expect(traffic("--port", "1")).rejects.toMatchObject({
    stderr: expect.stringContaining("no demo runs on port 1"),
  });
  expect(existsSync(file)).toBe(true);
});
