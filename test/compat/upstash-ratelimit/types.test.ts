import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type * as theirs from "@upstash/ratelimit";
import type * as ours from "sluice/upstash-ratelimit";
import ts from "typescript";
import { describe, expect, expectTypeOf, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = fileURLToPath(new URL("./", import.meta.url));

/** What the compiler has to say of programs in this folder, as strict as it can be; all at once, since it reads much for each. */
function complaints(codes: readonly string[]): string[][] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const inMemory = new Map(codes.map((code, i) => [`${folder}compiled-${i}.ts`, code]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (name) => inMemory.has(name) || fileExists(name);
  host.readFile = (name) => inMemory.get(name) ?? readFile(name);
  const program = ts.createProgram([...inMemory.keys()], options, host);
  return [...inMemory.keys()].map((path) => {
    const file = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  });
}

const written = (file: string) => readFileSync(`${folder}${file}`, "utf8");
const switched = (code: string) => code.replace('from "@upstash/ratelimit"', 'from "sluice/upstash-ratelimit"');

const MISTAKES = [
  ['Ratelimit.fixedWindow(10, "10 s")', 'Ratelimit.fixedWindow("10 s", 10)'],
  ['limit("a", { rate: 2,', 'limit("a", { cost: 2,'],
  ["timeout: 1000,", 'timeout: "1 s",'],
  ['window: Duration = "10 s"', 'window: Duration = "10 y"'],
] as const;

test("programs written for the one package compile with the other, and what one refuses the other does, too", () => {
  const right = ["program.ts", "app.ts"].map(written);
  const wrong = MISTAKES.map(([right, wrong]) => written("program.ts").replace(right, wrong));
  const codes = [...right, ...wrong];
  expect(new Set(codes).size).toBe(6);
  const [theirs, ours] = [codes, codes.map(switched)];
  expect(ours.every((code, i) => code !== theirs[i])).toBe(true);
  const counts = complaints([...theirs, ...ours]).map((found) => found.length);
  expect(counts).toEqual([0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1]);
});

describe("types", () => {
  type TheirLimit = theirs.Ratelimit["limit"];
  type OurLimit = ours.Ratelimit["limit"];

  test("of what goes in: theirs are ours", () => {
    expectTypeOf<theirs.RatelimitConfig>().toExtend<ours.RatelimitConfig>();
    expectTypeOf<ours.RatelimitConfig>().toExtend<theirs.RatelimitConfig>();
    expectTypeOf<ReturnType<typeof ours.Ratelimit.fixedWindow>>().toExtend<theirs.RatelimitConfig["limiter"]>();
    expectTypeOf<theirs.MultiRegionRatelimitConfig>().toExtend<ours.MultiRegionRatelimitConfig>();
    expectTypeOf<ours.MultiRegionRatelimitConfig>().toExtend<theirs.MultiRegionRatelimitConfig>();
    expectTypeOf<theirs.AnalyticsConfig>().toExtend<ours.AnalyticsConfig>();
    expectTypeOf<theirs.Duration>().toEqualTypeOf<ours.Duration>();
    expectTypeOf<Parameters<TheirLimit>>().toExtend<Parameters<OurLimit>>();
    expectTypeOf<Parameters<theirs.Analytics["record"]>>().toExtend<Parameters<ours.Analytics["record"]>>();
  });

  test("of what comes out: ours are theirs, and theirs ours", () => {
    expectTypeOf<Awaited<ReturnType<OurLimit>>>().toExtend<Awaited<ReturnType<TheirLimit>>>();
    expectTypeOf<Awaited<ReturnType<TheirLimit>>>().toExtend<Awaited<ReturnType<OurLimit>>>();
    for (const _method of ["getRemaining", "getDynamicLimit", "resetUsedTokens", "setDynamicLimit"] as const) {
      type Ours = ReturnType<ours.Ratelimit[typeof _method]>;
      type Theirs = ReturnType<theirs.Ratelimit[typeof _method]>;
      expectTypeOf<Ours>().toExtend<Theirs>();
    }
    expectTypeOf<ReturnType<ours.Analytics["getUsage"]>>().toEqualTypeOf<ReturnType<theirs.Analytics["getUsage"]>>();
  });

  test("every export is there", async () => {
    const names = async (module: Promise<object>) => Object.keys(await module).filter((name) => name !== "default");
    const missing = new Set(await names(import("@upstash/ratelimit")));
    for (const name of await names(import("sluice/upstash-ratelimit"))) missing.delete(name);
    expect([...missing]).toEqual([]);
  });

  test("every method is there", async () => {
    const { Redis } = await import("@upstash/redis");
    const redis = new Redis({ url: "http://127.0.0.1:1", token: "any" });
    const methodsOf = (module: typeof theirs) => {
      const analytics = new module.Analytics({ redis });
      const ratelimit = new module.Ratelimit({
        redis,
        limiter: module.Ratelimit.fixedWindow(1, "1 s"),
        analytics: true,
      });
      const prototype = Object.getOwnPropertyNames(module.Analytics.prototype);
      return [
        ...Object.keys(ratelimit),
        ...Object.getOwnPropertyNames(module.Ratelimit),
        ...prototype,
        typeof analytics,
      ];
    };
    const own = new Set(methodsOf((await import("sluice/upstash-ratelimit")) as never));
    const missing = methodsOf(await import("@upstash/ratelimit")).filter((name) => !own.has(name));
    // Private, by their types.
    const hidden = ["getRatelimitResponse", "applyTimeout", "submitAnalytics", "getKey", "getDefinedMembers"];
    expect(missing.filter((name) => !hidden.includes(name))).toEqual([]);
  });
});
