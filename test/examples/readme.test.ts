import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, inject, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { text } from "../docs/blocks.ts";
import { freePort } from "../support/free-port.ts";
import { expectLimit } from "./expect-limit.ts";
import { platform } from "./platforms.ts";
import { run, type Server, serves, start, wranglerOptions } from "./processes.ts";
import { type Command, type Scene, scenesOf } from "./readme/scenes.ts";
import { asPlainUser, borrow, type Stranger, stranger, write } from "./readme/stranger.ts";

/** Lines that are pasted elsewhere, where, and the words by which they are there. */
const ELSEWHERE: Readonly<Record<string, readonly [path: string, words: string]>> = {
  "npm ci && npm start": ["test/demo/npm-start.ts", 'spawn("npm", ["start"'],
  "npm ci && npm test": [".ci/run", "npm test\n"],
  "npx sluice redis-rest --write-env .env -- npx next dev": ["test/examples/next.test.ts", '[next, "dev"'],
  "npx sluice redis-rest --write-env .env -- npx vite dev": [
    "test/examples/sveltekit.test.ts",
    '[program("vite"), "dev"',
  ],
};
/** The program is this repository's own: another copy would be 200 MB. */
const BORROWED = ["wrangler"];
const SERVE = /^npx sluice redis-rest (.*)-- (.+)$/;
const REFUSAL =
  /^sluice: no redis-server or valkey-server here: install Redis 6\.2 or newer, or name a running one by REDIS_URL\n$/;

const scenes = scenesOf("README.md");
const opened: Stranger[] = [];
const running: Server[] = [];
afterEach(async () => {
  for (let server = running.pop(); server; server = running.pop()) await server.stop();
  for (let each = opened.pop(); each; each = opened.pop()) await each.end();
});

async function open(options: { redis: boolean }): Promise<Stranger> {
  const each = await stranger(options);
  opened.push(each);
  return each;
}

/** What is installed is what the line names: the library from its tarball, the others as this repository has them. */
async function install({ folder, env }: Stranger, program: string, names: readonly string[]): Promise<void> {
  const versions: Record<string, string> = manifest.devDependencies;
  const packages = names.filter((name) => !BORROWED.includes(name));
  const wanted = packages.map((name) => (name === "sluice" ? inject("tarball") : `${name}@${versions[name]}`));
  await run(program, [program === "bun" ? "add" : "install", ...wanted], folder, env);
  for (const name of names.filter((each) => BORROWED.includes(each))) await borrow(folder, name);
}

/** The line as pasted but for its ports, which may be taken here; its address, once something serves there. */
async function serve({ folder, env }: Stranger, line: string, before: readonly string[] = []): Promise<string> {
  const port = await freePort();
  const [, options = "", program = ""] = SERVE.exec(line) ?? [];
  const own = /^npx wrangler dev\b/.test(program)
    ? [program, ...wranglerOptions(port, await freePort())].join(" ")
    : program;
  const pasted = `npx sluice redis-rest ${options}--port 0 -- ${own}`;
  const command = [...before, "sh", "-c", pasted] as unknown as readonly [string, ...string[]];
  running.push(await start(command, folder, { ...env, PORT: `${port}` }, serves(own, port)));
  return `http://127.0.0.1:${port}`;
}

/** Pastes the loop of requests until one is denied, and compares that answer with the block; seconds may have passed. */
async function expectPrinted({ folder, env }: Stranger, line: string, url: string, promised: string): Promise<void> {
  const begun = Date.now();
  let printed = "";
  while (!printed.includes(" 429 ")) {
    printed += await run("sh", ["-c", line.replace("http://localhost:8787", url)], folder, env);
  }
  const refilled = Math.floor((Date.now() - begun) / 2000) + 1;
  const [passed = ""] = printed.split(/^HTTP\/1.1 429/m);
  expect(passed.match(/^HTTP\/1.1 200/gm)?.length).toBeGreaterThanOrEqual(5);
  expect(passed.match(/^HTTP\/1.1 200/gm)?.length).toBeLessThanOrEqual(5 + refilled);
  const steady = (fields: string) => fields.replaceAll("\r", "").replace(/(Retry-After: |;t=)[12]\b/g, "$1…");
  const denied = steady(printed.slice(passed.length));
  for (const field of steady(promised).trim().split("\n")) expect(denied).toContain(`${field}\n`);
}

/** Pastes the lines of a scene one after the other; what is served is asked until it denies. */
async function paste({ files, commands }: Scene, reader: Stranger): Promise<void> {
  await write(reader.folder, files);
  let url: string | undefined;
  for (const { where, line, promised } of commands) {
    const [, program, names] = /^(npm install|bun add|) ?(.+)$/.exec(line) ?? [];
    if (ELSEWHERE[line] !== undefined) continue;
    if (program) {
      if (program === "bun add") await reader.has({ bun: await platform("bun") });
      await install(reader, program.split(" ")[0] as string, names?.split(" ") ?? []);
    } else if (SERVE.test(line)) {
      if (/-- deno /.test(line)) await reader.has({ deno: await platform("deno") });
      url = await serve(reader, line);
      if (!commands.some((command) => isAsking(command))) await expectLimit(url);
    } else if (isAsking({ line }) && url && promised) await expectPrinted(reader, line, url, promised);
    else throw new Error(`${where}: no rule of this test says how to run: ${line}`);
  }
}

const isAsking = ({ line }: Pick<Command, "line">) => line.includes("curl -i http://localhost:8787");

describe("README, pasted by a reader who has Node and a Redis", () => {
  test.each(scenes)("$title", async (scene) => {
    await paste(scene, await open({ redis: true }));
  });

  test("a line that nobody has thought of is refused", async () => {
    const scene = { title: "", files: new Map(), commands: [{ where: "x.md:1", line: "make", promised: undefined }] };
    await expect(paste(scene, await open({ redis: true }))).rejects.toThrow("x.md:1: no rule of this test says");
  });

  test.each(Object.entries(ELSEWHERE))("%s is run by %s", (line, [path, words]) => {
    expect(scenes.flatMap(({ commands }) => commands.map((command) => command.line))).toContain(line);
    expect(text(path)).toContain(words);
  });
});

describe("README, pasted where there is no Redis and nothing to install one with", () => {
  const served = scenes.filter(({ commands }) => commands.some(({ line }) => SERVE.test(line)));

  test("each line that needs one says so in a line, and leaves no .env", async () => {
    const reader = await open({ redis: false });
    await install(reader, "npm", ["sluice"]);
    const lines = served.flatMap(({ commands }) => commands.map(({ line }) => line)).filter((line) => SERVE.test(line));
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      const port = line.replace(" -- ", " --port 0 -- ");
      const refused = await run("sh", ["-c", `${port} 2>&1 || echo "ended with $?"`], reader.folder, reader.env);
      // npm may have something to say about this machine's own settings.
      const [said = "", ended] = refused.replace(/^npm .*\n/gm, "").split("ended with ");
      expect([line, said, ended]).toEqual([line, expect.stringMatching(REFUSAL), "1\n"]);
    }
    expect(existsSync(join(reader.folder, ".env"))).toBe(false);
  });
});

test("README, pasted by a user who may write nothing but that folder: a server on Node", async () => {
  const scene = scenes.find(({ commands }) => commands.some(({ line }) => line.includes("-- npx tsx "))) as Scene;
  const [installing, serving] = scene.commands.map(({ line }) => line) as [string, string];
  const reader = await open({ redis: true });
  await write(reader.folder, scene.files);
  await install(reader, "npm", installing.split(" ").slice(2));
  await expectLimit(await serve(reader, serving, await asPlainUser(reader)));
  const { uid } = await stat(join(reader.folder, ".env"));
  expect(uid).not.toBe(0);
});
