import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { createLimiter, fixedWindow, type Limiter, redisStore, slidingWindow } from "sluice";
import { analytics } from "sluice/analytics";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { startDashboard } from "../../src/server/cli/dashboard.ts";
import { ioredisClient } from "../../src/store/ioredis.ts";
import type { RedisClient } from "../../src/store/redis-client.ts";
import { clockAt } from "../support/clock.ts";
import { randomFrom } from "../support/random.ts";
import { connect, lastingClientOf, uniqueName } from "../support/redis.ts";
import { launchChromium } from "./chromium.ts";

const HOUR_MS = 3_600_000;
const HOSTILE = [
  "<img src=x onerror=alert(1)>",
  "\u202Egnp.exe",
  "k".repeat(10_000),
  "\0\u0001\u2028",
  "'\"><script>alert(2)</script>",
];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const redis = await connect(inject("redisUrl"));
const client = ioredisClient(redis);
const namespace = uniqueName();
/** What this test counted itself, by limiter and outcome. */
const own = new Map<string, number>();
let browser: Browser;
let server: Awaited<ReturnType<typeof startDashboard>>;
let live: Limiter;

/** A client that can be cut off. */
const line = { cut: false };
const cuttable: RedisClient = {
  evalsha: (...args) => (line.cut ? Promise.reject(new TypeError("fetch failed")) : client.evalsha(...args)),
  eval: (...args) => (line.cut ? Promise.reject(new TypeError("fetch failed")) : client.eval(...args)),
  del: (...args) => (line.cut ? Promise.reject(new TypeError("fetch failed")) : client.del(...args)),
};

/** A day of traffic up to now. */
async function seed(): Promise<void> {
  const clock = clockAt();
  const onEvent = analytics({ redis: client, namespace, now: clock.now });
  const random = randomFrom(3);
  const store = redisStore(lastingClientOf(redis), { namespace });
  const options = { store, now: clock.now, onEvent };
  const limiters = [
    createLimiter({
      ...options,
      name: "api",
      policies: [slidingWindow({ name: "per-hour", limit: 8, window: "1 h" })],
    }),
    createLimiter({ ...options, name: "login", policies: [fixedWindow({ name: "quota", limit: 3, window: "1 h" })] }),
  ];
  const now = Date.now();
  for (let hour = 20; hour >= 1; hour -= 1) {
    clock.ms = now - hour * HOUR_MS;
    for (let call = 0; call < 40 + 10 * random.below(6); call += 1) {
      const limiter = random.pick(limiters);
      const key = random.below(4) === 0 ? random.pick(HOSTILE) : `user:${random.below(3)}`;
      const { allowed } = await limiter.consume(key);
      const name = `${limiter.name} ${allowed ? "allowed" : "denied"}`;
      own.set(name, (own.get(name) ?? 0) + 1);
    }
    await onEvent.flush();
  }
  const policies = [fixedWindow({ name: "quota", limit: 3, window: "1 h" })];
  live = createLimiter({ name: "login", store: redisStore(client, { namespace }), policies, snapshots: false });
}

beforeAll(async () => {
  await seed();
  browser = await launchChromium();
  server = await startDashboard(cuttable, 0, namespace);
}, 300_000);
afterEach(async () => {
  line.cut = false;
  await Promise.all(browser.contexts().map((context) => context.close()));
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  redis.disconnect();
});

async function openPage(options: BrowserContextOptions = {}, link = server.link) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  const origins = new Set<string>();
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("dialog", (dialog) => errors.push(`dialog: ${dialog.message()}`));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("request", (request) => origins.add(new URL(request.url()).origin));
  await page.goto(link);
  return { page, errors, origins };
}

const ready = (page: Page) => page.locator("#status", { hasText: "As of" }).waitFor();

/** The numbers of a table's row, by its first cells. */
async function row(page: Page, id: string, ...first: string[]): Promise<string[]> {
  const rows = await page.locator(`#${id} tbody tr`).all();
  for (const each of rows) {
    const cells = await each.locator("th, td").allInnerTexts();
    if (first.every((text, i) => cells[i] === text)) return cells;
  }
  throw new Error(`No row ${first} in ${id}`);
}

async function violations(page: Page): Promise<unknown[]> {
  // By the debugger's own context, since the page lets no foreign script in.
  await page.evaluate(AXE);
  const found = await page.evaluate(() =>
    (
      globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
    ).axe.run(),
  );
  return found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))]);
}

describe("figures", () => {
  test("are those that were counted here, and nothing is loaded from elsewhere", async () => {
    const { page, errors, origins } = await openPage();
    await ready(page);
    for (const [limiter, policy] of [
      ["api", "per-hour"],
      ["login", "quota"],
    ] as const) {
      const [, , allowed, denied] = await row(page, "policies", limiter, policy);
      expect([Number(allowed), Number(denied)]).toEqual([own.get(`${limiter} allowed`), own.get(`${limiter} denied`)]);
    }
    const all = [...own.values()].reduce((sum, count) => sum + count, 0);
    expect(await page.locator("#summary dd").first().innerText()).toBe(all.toLocaleString("en"));
    expect(await page.locator("#calls svg[role=img]").getAttribute("aria-label")).toContain(
      "0 denied by another limiter",
    );
    await page.getByText("The same as a table").click();
    const cells = await page
      .locator("#calls tbody tr")
      .evaluateAll((rows) =>
        rows.map((each) =>
          [...each.querySelectorAll("td")].map((cell) => Number(cell.textContent?.replaceAll(",", ""))),
        ),
      );
    expect(cells).toHaveLength(24);
    const sums = [0, 1].map((column) => cells.reduce((sum, each) => sum + (each[column] ?? 0), 0));
    const of = (outcome: string) => (own.get(`api ${outcome}`) ?? 0) + (own.get(`login ${outcome}`) ?? 0);
    expect(sums).toEqual([of("allowed"), of("denied")]);
    expect([...origins]).toEqual([server.url]);
    expect(page.url(), "the token is gone from the address").toBe(`${server.url}/`);
    expect(errors).toEqual([]);
  });

  test("of one limiter, and of another span", async () => {
    const { page } = await openPage();
    await ready(page);
    await page.getByRole("combobox", { name: "Limiter" }).selectOption("login");
    expect(await page.locator("#policies tbody tr").count()).toBe(1);
    expect(await page.locator("#summary dd").first().innerText()).toBe(
      ((own.get("login allowed") ?? 0) + (own.get("login denied") ?? 0)).toLocaleString("en"),
    );
    await page.getByRole("combobox", { name: "Span" }).selectOption("168");
    await expect.poll(() => page.locator("#calls svg rect").count()).toBeGreaterThan(0);
    expect(await page.getByRole("combobox", { name: "Limiter" }).inputValue()).toBe("login");
  });

  test("hostile keys are text", async () => {
    const { page, errors } = await openPage();
    await ready(page);
    const shown = (await page.locator("#asked bdi, #denied bdi").allInnerTexts()).join("\n");
    for (const text of [
      "<img src=x onerror=alert(1)>",
      "\\u{202e}gnp.exe",
      "\\u{0}\\u{1}\\u{2028}",
      "'\"><script>alert(2)</script>",
      `${"k".repeat(96)}…`,
    ]) {
      expect(shown).toContain(text);
    }
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await page.locator("#asked tr", { hasText: "kkk" }).first().innerText()).toMatch(/\scut$/);
    await page.getByLabel("Key", { exact: true }).fill("<img src=x onerror=alert(3)>");
    await page.keyboard.press("Enter");
    await page.locator("#answer", { hasText: "As of" }).waitFor();
    expect(errors).toEqual([]);
  });
});

describe("one key", () => {
  test("by keyboard alone: looked up, kept once, then reset and said back", async () => {
    for (let i = 0; i < 3; i += 1) await live.consume("ada");
    const { page, errors } = await openPage();
    await ready(page);
    await page.getByLabel("Key", { exact: true }).focus();
    await page.keyboard.type("ada");
    await page.keyboard.press("Enter");
    await page.locator("#answer", { hasText: "As of" }).waitFor();
    expect((await row(page, "state", "login", "quota")).slice(2, 4)).toEqual(["0", "3"]);
    for (const [button, left] of [
      ["Keep it", "0"],
      ["Reset it", "3"],
    ] as const) {
      await page.getByRole("button", { name: "Reset in login" }).focus();
      await page.keyboard.press("Enter");
      expect(await page.locator("#sure-text").innerText()).toContain("ada gets its whole quota in login again");
      await page.getByRole("button", { name: button }).focus();
      await page.keyboard.press("Enter");
      if (left === "3") await page.locator("#answer", { hasText: "Reset ada in login." }).waitFor();
      expect((await row(page, "state", "login", "quota"))[2]).toBe(left);
      expect(await live.peek("ada")).toMatchObject({ remaining: Number(left) });
    }
    expect(errors).toEqual([]);
  });

  test("from the list of keys denied most", async () => {
    const { page } = await openPage();
    await ready(page);
    await page.locator("#denied").getByRole("button").first().click();
    await page.locator("#answer", { hasText: "As of" }).waitFor();
    expect(await page.locator("#state tbody tr").count()).toBe(2);
  });
});

describe("states", () => {
  test("empty: it tells what to do", async () => {
    const empty = await startDashboard(client, 0, uniqueName());
    const { page, errors } = await openPage({}, empty.link);
    await ready(page);
    expect(await page.locator("#empty").innerText()).toContain("onEvent: analytics({ redis })");
    expect(await page.locator("#figures").isVisible()).toBe(false);
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
    await empty.close();
  });

  test("broken: it tells why and keeps what it has; it comes back by itself", async () => {
    const { page } = await openPage();
    await ready(page);
    await page.clock.install();
    await page.reload();
    await ready(page);
    line.cut = true;
    await page.clock.runFor(30_000);
    await page.locator("#trouble", { hasText: "Redis could not be reached" }).waitFor();
    expect(await page.locator("#figures").isVisible()).toBe(true);
    expect(await violations(page)).toEqual([]);
    line.cut = false;
    await page.clock.runFor(30_000);
    await page.locator("#trouble").waitFor({ state: "hidden" });
  });
});

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  test.each([320, 768, 1600])("at %s px: nothing is wider than the screen, axe finds nothing", async (width) => {
    const { page, errors } = await openPage({ colorScheme, viewport: { width, height: 900 } });
    await ready(page);
    await page.getByText("The same as a table").click();
    await page.getByLabel("Key", { exact: true }).fill("ada");
    await page.keyboard.press("Enter");
    await page.locator("#answer", { hasText: "As of" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    expect(await violations(page)).toEqual([]);
    const { SCREENSHOTS: folder } = process.env;
    if (folder) await page.screenshot({ path: `${folder}/dashboard-${colorScheme}-${width}.png`, fullPage: true });
    expect(errors).toEqual([]);
  });
});

test("ten hours of refreshes leave no more in memory than ten minutes", async () => {
  const { page, errors } = await openPage();
  await page.clock.install();
  await page.reload();
  await ready(page);
  const session = await page.context().newCDPSession(page);
  async function refreshes(many: number): Promise<number> {
    for (let i = 0; i < many; i += 1) {
      const answered = page.waitForResponse(/api\/figures/);
      await page.clock.runFor(30_000);
      await answered;
    }
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    return usedSize;
  }
  const before = await refreshes(20);
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  const after = await refreshes(1200);
  expect(after).toBeLessThan(before + 1_000_000);
  expect(await page.evaluate(() => document.querySelectorAll("*").length)).toBeLessThan(nodes + 50);
  expect(errors).toEqual([]);
}, 300_000);
