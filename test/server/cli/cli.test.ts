import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startSluice } from "./sluice.ts";

let folder: string;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-cli-"));
  children = [];
});
afterEach(async () => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

function sluice(args: string[], env: Record<string, string> = {}) {
  const running = startSluice(args, env);
  children.push(running.child);
  return running;
}

test("prints two ready lines, writes them to the file, shows commands, and ends with 0 at Ctrl-C", async () => {
  const file = join(folder, ".dev.vars");
  await writeFile(file, "OTHER=kept\nUPSTASH_REDIS_REST_URL=old\n");
  const { child, ready, ended, err } = sluice(["redis-rest", "-p", "0", "--write-env", file, "--verbose"]);
  const { url, token } = await ready();
  expect(await readFile(file, "utf8")).toBe(
    `OTHER=kept\nUPSTASH_REDIS_REST_URL=${url}\nUPSTASH_REDIS_REST_TOKEN=${token}\n`,
  );
  const run = (...command: string[]) =>
    fetch(url, { method: "POST", body: JSON.stringify(command), headers: { authorization: `Bearer ${token}` } });
  await run("SET", "key", "v".repeat(100));
  await run("ACL", "SETUSER", "ann", ">hidden-password");
  await run("NOSUCH");
  await expect.poll(err).toContain("NOSUCH");
  expect(err()).toMatch(/\d\.\d\d ms {2}SET key v{40}…\n/);
  expect(err()).toMatch(/ACL SETUSER \(\+2\)\n/);
  expect(err()).toMatch(/NOSUCH {2}-> ERR unknown command/);
  expect(err()).not.toContain("hidden-password");
  expect(err()).not.toContain(token);
  child.kill("SIGINT");
  expect((await ended).code).toBe(0);
});

test.each([
  [["rules", "block"], "sluice rules block [options] <limiter> <key>\n"],
  [["rules", "limit"], "sluice rules limit [options] <limiter> <key> <policy>=<n>…\n"],
  [["rules", "remove"], "sluice rules remove [options] <id>\n"],
  [["rules"], "from .env in this folder"],
  [["dashboard"], "from .env in this folder"],
])("the help of %j tells %j", async (words, expected) => {
  const { code, out } = await sluice([...words, "--help"]).ended;
  expect(code).toBe(0);
  expect(out).toContain(expected);
});

test.each(["new", "world-readable"])("a %s file for the token is the owner's alone", async (kind) => {
  const file = join(folder, "file");
  if (kind !== "new") await writeFile(file, "A=1", { mode: 0o644 });
  const { child, ready, ended } = sluice(["redis-rest", "--port=0", "--write-env", file]);
  await ready();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  child.kill("SIGTERM");
  expect((await ended).code).toBe(0);
});

test("a file for the token stays as it was if the server can't start", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const file = join(folder, ".env");
  await writeFile(file, "UPSTASH_REDIS_REST_URL=old\n");
  const taken = String((other.address() as AddressInfo).port);
  expect((await sluice(["redis-rest", "-p", taken, "--write-env", file]).ended).code).toBe(1);
  other.close();
  expect(await readFile(file, "utf8")).toBe("UPSTASH_REDIS_REST_URL=old\n");
  expect(await readdir(folder)).toEqual([".env"]);
});

test("a file for the token is replaced as a whole; what a link leads to is written", async () => {
  const file = join(folder, "shared.env");
  await writeFile(file, "A=1");
  const reader = await open(file);
  await symlink(file, join(folder, ".env"));
  const args = ["redis-rest", "-p", "0", "--write-env", join(folder, ".env"), "--", "cat", file];
  const { code, out } = await sluice(args, { UPSTASH_REDIS_REST_TOKEN: "mine" }).ended;
  expect([code, out]).toEqual([0, expect.stringMatching(/^A=1\nUPSTASH_REDIS_REST_URL=.+\n.+_TOKEN=mine\n$/)]);
  // Who had it open goes on reading the old one.
  expect(await reader.readFile("utf8")).toBe("A=1");
  await reader.close();
});

test("a program is started when all is ready, and ends both", async () => {
  const asking =
    "const env = process.env, url = env.UPSTASH_REDIS_REST_URL, token = env.UPSTASH_REDIS_REST_TOKEN; fetch(url + '/ping?_token=' + token).then((r) => r.text()).then((t) => { console.log(t); process.exitCode = 7; })";
  const { code, out, err } = await sluice(["redis-rest", "-p", "0", "--", "node", "-e", asking]).ended;
  expect([code, out, err]).toEqual([7, '{"result":"PONG"}\n', ""]);
});

test("SIGTERM ends the program, too", async () => {
  const { child, ended, out } = sluice(["redis-rest", "-p", "0", "--", "sh", "-c", "echo started; exec sleep 1000"]);
  await expect.poll(out).toBe("started\n");
  child.kill("SIGTERM");
  expect((await ended).code).toBe(128 + 15);
});

test("--version is the package's", async () => {
  const { version } = JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8"));
  expect(await sluice(["--version"]).ended).toMatchObject({ code: 0, out: `${version}\n` });
});

test("the token may come from the environment", async () => {
  const { child, ready, ended } = sluice(["redis-rest", "-p", "0"], { UPSTASH_REDIS_REST_TOKEN: "mine" });
  const { url, token } = await ready();
  expect(token).toBe("mine");
  expect((await fetch(`${url}/ping?_token=mine`)).status).toBe(200);
  child.kill("SIGTERM");
  await ended;
});

test("what a person can mend is one line and exit code 1", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const taken = String((other.address() as AddressInfo).port);
  const runs: [string[], Record<string, string>, RegExp][] = [
    [["-p", taken], {}, new RegExp(`^sluice: port ${taken} is already in use: .+\n$`)],
    [["-p", "0", "--host", "0.0.0.0"], {}, /^sluice: 0\.0\.0\.0 can be reached from other machines: .+\n$/],
    [
      ["-p", "0"],
      { REDIS_URL: "redis://:secret@127.0.0.1:1" },
      /^sluice: can't use Redis at redis:\/\/\*\*\*@127.+\n$/,
    ],
    [["-p", "0", "--redis", "http://x"], {}, /^sluice: a Redis URL is .+\n$/],
    [["-p", "0", "--ca", "/nowhere"], {}, /^sluice: can't read the certificates .+\n$/],
    [["-p", "0", "--write-env", "/nowhere/file"], {}, /^sluice: can't write \/nowhere\/file: .+\n$/],
    [["-p", "0", "no-such-program"], {}, /^sluice: can't start no-such-program: .+\n$/],
    [["-p", "x"], {}, /^error: .+\n$/],
    [["--nonsense"], {}, /^error: .+\n$/],
  ];
  const results = await Promise.all(runs.map(([args, env]) => sluice(["redis-rest", ...args], env).ended));
  other.close();
  for (const [i, { code, out, err }] of results.entries()) {
    expect(err).toMatch(runs[i]?.[2] as RegExp);
    expect([code, out]).toEqual([1, ""]);
  }
});

test("--help names every option", async () => {
  const { out, code } = await sluice(["redis-rest", "--help"]).ended;
  expect(code).toBe(0);
  for (const option of [
    "--port",
    "--host",
    "--redis",
    "--ca",
    "--install",
    "--cors-origin",
    "--token",
    "--read-only-token",
    "--write-env",
    "--verbose",
  ]) {
    expect(out).toContain(`${option} `);
  }
});
