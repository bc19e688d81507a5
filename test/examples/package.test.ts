import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { platform } from "./platforms.ts";
import { repository, run, tool } from "./processes.ts";

const subpaths = Object.keys(manifest.exports)
  .filter((path) => path !== "./package.json")
  .map((path) => path.replace(/^\./, "sluice"));

const PEERS = [
  "hono@4.13.14",
  "@upstash/redis@1.39.0",
  "@types/node@20.19.43",
  "vitest@4.1.12",
  "@opentelemetry/api@1.9.1",
];
const STRICT = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2023,dom", "--types", "node"];
/** Uses every export of every subpath, each of which has a type and none `any`, and some of their types. */
const CONSUMER = [
  "type Untyped<M> = { [Name in keyof M]: 0 extends 1 & M[Name] ? Name : never }[keyof M];",
  ...subpaths.map(
    (path, i) => `import * as module${i} from "${path}";
  export const untyped${i}: [Untyped<typeof module${i}>] extends [never] ? [] : Untyped<typeof module${i}> = [];
  console.log(module${i});`,
  ),
  `import { type Decision, createLimiter, memoryStore, tokenBucket } from "sluice";
  const policies = [tokenBucket({ limit: 1, window: "1 h" })];
  export const decision: Promise<Decision> = createLimiter({ name: "test", store: memoryStore(), policies }).consume("k");
  // @ts-expect-error: limits are numbers.
  tokenBucket({ limit: "1", window: "1 h" });`,
].join("\n");

let folder: string;

const install = (...packages: string[]) =>
  run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", ...packages], folder);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-package-"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await install(inject("tarball"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the packed library", () => {
  test("holds what runs, its types, the license and the README", async () => {
    const files = (await run("tar", ["-tzf", inject("tarball")], repository)).trim().split("\n");
    const others = files.filter((name) => !/^package\/dist\/[\w-]+(\.js|\.js\.map|\.d\.ts)$/.test(name));
    expect(others.sort()).toEqual([
      "package/CHANGELOG.md",
      "package/LICENSE",
      "package/README.md",
      "package/dist/THIRD-PARTY-NOTICES.txt",
      "package/package.json",
    ]);
    expect(files.some((name) => /\/[^.]+\.ts$/.test(name))).toBe(false);
  });

  test("names each package whose code it holds, with its licence", async () => {
    const dist = join(folder, "node_modules/sluice/dist");
    const scripts = (await readdir(dist)).filter((name) => /\.(js|d\.ts)$/.test(name));
    const code = await Promise.all(scripts.map((name) => readFile(join(dist, name), "utf8")));
    // The bundler marks where each module begins.
    const modules = code.flatMap((text) => [...text.matchAll(/^\/\/#region .*node_modules\/((?:@[^/]+\/)?[^/]+)/gm)]);
    const held = [...new Set(modules.map(([, name]) => name))].sort();
    const notices = await readFile(join(dist, "THIRD-PARTY-NOTICES.txt"), "utf8");
    const licences = new Map(
      notices.split(`${"-".repeat(80)}\n`).map((part) => [part.split(" ", 1)[0], part.slice(part.indexOf("\n"))]),
    );
    for (const name of held) expect([name, licences.get(name)]).toEqual([name, expect.stringMatching(/[\s\S]{300,}/)]);
    expect(held).toContain("hono");
    // What a Worker bundles is nobody else's.
    for (const path of subpaths.filter((each) => each !== "sluice/redis-rest")) {
      const entry = join(dist, manifest.exports[path.replace("sluice", ".") as "."].default.replace("./dist/", ""));
      expect(await readFile(entry, "utf8")).not.toMatch(/node_modules/);
    }
  });

  test("installs nothing else, and its core runs without the peers", async () => {
    const installed = await run("npm", ["ls", "--all", "--parseable"], folder);
    expect(installed.trim().split("\n").slice(1)).toEqual([join(folder, "node_modules/sluice")]);
    const code = `import { createLimiter, memoryStore, tokenBucket } from "sluice";
      import "sluice/analytics";
      import "sluice/fetch";
      import "sluice/otel";
      import "sluice/upstash-ratelimit";
      import "sluice/node";
      import "sluice/client";
      import "sluice/testing";
      import "sluice/testing/vitest";
      import "sluice/redis-rest";
      const policies = [tokenBucket({ limit: 1, window: "1 h" })];
      console.log((await createLimiter({ name: "test", store: memoryStore(), policies }).consume("k")).remaining);`;
    expect(await run("node", ["--input-type=module", "-e", code], folder)).toBe("0\n");
  });

  test.each([
    ["preserve", "bundler"],
    ["nodenext", "nodenext"],
    ["node16", "node16"],
  ])("its types resolve and hold with module %s, moduleResolution %s", async (module, moduleResolution) => {
    await install(...PEERS);
    await writeFile(join(folder, "consumer.ts"), CONSUMER);
    const how = ["--module", module, "--moduleResolution", moduleResolution];
    await run("node", [tool("typescript/bin/tsc"), ...STRICT, ...how, "consumer.ts"], folder);
  });

  test("its types hold where Bun installs it", async () => {
    const own = await mkdtemp(join(tmpdir(), "sluice-bun-"));
    await writeFile(join(own, "package.json"), JSON.stringify({ private: true, type: "module" }));
    await writeFile(join(own, "consumer.ts"), CONSUMER);
    // What Bun leaves of its unpacking goes with the folder.
    await run(await platform("bun"), ["add", inject("tarball"), ...PEERS], own, { TMPDIR: own });
    const how = ["--module", "preserve", "--moduleResolution", "bundler"];
    await run("node", [tool("typescript/bin/tsc"), ...STRICT, ...how, "consumer.ts"], own);
    await rm(own, { recursive: true });
  }, 300_000);

  test("its types hold by Deno's own check", async () => {
    await install(...PEERS);
    await writeFile(join(folder, "consumer.ts"), CONSUMER);
    await run(await platform("deno"), ["check", "--node-modules-dir=manual", "consumer.ts"], folder);
  }, 300_000);
});
