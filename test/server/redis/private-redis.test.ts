import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { startPrivateRedis } from "../../../src/server/redis/private-redis.ts";

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

test("a restart keeps port and password and nothing else", async () => {
  const server = await startPrivateRedis();
  const first = new Redis(server.url);
  await first.set("kept", "no");
  first.disconnect();
  const pid = server.pid as number;
  await server.kill();
  expect(isAlive(pid)).toBe(false);
  expect(server.pid).toBeUndefined();
  await server.restart();
  expect(server.pid).not.toBe(pid);
  const second = new Redis(server.url);
  expect(await second.get("kept")).toBeNull();
  second.disconnect();
  await server.stop();
});

test("a restart is empty although a client had the data saved", async () => {
  const server = await startPrivateRedis();
  const first = new Redis(server.url);
  await first.set("kept", "no");
  await first.save();
  first.disconnect();
  await server.restart();
  const second = new Redis(server.url);
  expect(await second.dbsize()).toBe(0);
  second.disconnect();
  await server.stop();
});

test("it asks for its password", async () => {
  const server = await startPrivateRedis();
  const stranger = new Redis(server.port, "127.0.0.1", { enableReadyCheck: false });
  await expect(stranger.get("any")).rejects.toThrow("NOAUTH");
  stranger.disconnect();
  await server.stop();
});

test("it is started again after an exit that nobody asked for, but not after kill and stop", async () => {
  const said: string[] = [];
  let hasEndedAgain = () => {};
  const endedAgain = new Promise<void>((resolve) => {
    hasEndedAgain = resolve;
  });
  const say = (line: string) => said.push(line) === 3 && hasEndedAgain();
  const server = await startPrivateRedis({ restartAfterMs: 50, say });
  await server.kill();
  await server.restart();
  expect(said).toEqual([]);
  const pid = server.pid as number;
  process.kill(pid, "SIGKILL");
  await expect.poll(() => said.length).toBe(2);
  expect(said).toEqual(["redis-server ended (SIGKILL); starting it again in 0.05 s", "Redis is back, empty"]);
  expect(isAlive(server.pid as number)).toBe(true);
  process.kill(server.pid as number, "SIGKILL");
  // Before it is back, however busy the machine.
  await endedAgain;
  await server.stop();
  expect(said).toHaveLength(3);
  expect(server.pid).toBeUndefined();
});

test("where its port is taken when it is to be started again, it is tried until it is free", async () => {
  const said: string[] = [];
  const other = createServer();
  // The port is taken before anything else happens.
  const say = (line: string) => said.push(line) === 1 && other.listen(server.port, "127.0.0.1");
  const server = await startPrivateRedis({ restartAfterMs: 50, say });
  process.kill(server.pid as number, "SIGKILL");
  await expect.poll(() => said.length).toBeGreaterThan(2);
  expect(said.slice(1).every((line) => line.includes("did not start"))).toBe(true);
  other.close();
  await expect.poll(() => said.at(-1)).toBe("Redis is back, empty");
  await server.stop();
});

test("it ends with its parent, even if that is killed", async () => {
  const module = fileURLToPath(new URL("../../../src/server/redis/private-redis.ts", import.meta.url));
  const program = `import { startPrivateRedis } from ${JSON.stringify(module)};
    console.log((await startPrivateRedis()).port);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  expect(await accepts(port)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => accepts(port)).toBe(false);
});
