import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import {
  allOf,
  createLimiter,
  fixedWindow,
  type Limiter,
  openRules,
  penalty,
  redisStore,
  regions,
  rules,
  slidingWindow,
} from "sluice";
import { type Analytics, analytics } from "sluice/analytics";
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
/** On the store that the page looks at, without the rules and with them. */
let live: Limiter;
let ruled: Limiter;
let kills = 0;

/** A client that can be cut off. */
const line = { cut: false };
const cuttable: RedisClient = {
  evalsha: (...args) => (line.cut ? Promise.reject(new TypeError("fetch failed")) : client.evalsha(...args)),
  eval: (...args) => (line.cut ? Promise.reject(new TypeError("fetch failed")) : client.eval(...args)),
  del: (...args) => (line.cut ? Promise.reject(new TypeError("fetch failed")) : client.del(...args)),
};

/** An isolate: an observer of its own, and what it has decided since it last sent. */
interface Isolate {
  readonly onEvent: Analytics;
  readonly limiters: readonly Limiter[];
  readonly unsent: Map<string, number>;
}

/** A day of traffic up to now, over five isolates of which some die before they have sent. */
async function seed(): Promise<void> {
  const clock = clockAt();
  const random = randomFrom(3);
  const store = redisStore(lastingClientOf(redis), { namespace });
  const isolateOf = (): Isolate => {
    const onEvent = analytics({ redis: client, namespace, now: clock.now });
    const options = { store, now: clock.now, onEvent };
    const perHour = slidingWindow({ name: "per-hour", limit: 8, window: "1 h" });
    const quota = fixedWindow({ name: "quota", limit: 3, window: "1 h" });
    const limiters = [
      createLimiter({ ...options, name: "api", policies: [perHour] }),
      createLimiter({ ...options, name: "login", policies: [quota] }),
    ];
    return { onEvent, limiters, unsent: new Map() };
  };
  const isolates = Array.from({ length: 5 }, isolateOf);
  const now = Date.now();
  for (let hour = 20; hour >= 1; hour -= 1) {
    clock.ms = now - hour * HOUR_MS;
    for (let call = 0; call < 60 + 10 * random.below(6); call += 1) {
      const place = random.below(5);
      if (random.below(60) === 0) {
        isolates[place] = isolateOf();
        kills += 1;
      }
      const { limiters, unsent } = isolates[place] as Isolate;
      const limiter = random.pick(limiters);
      const key = random.below(4) === 0 ? random.pick(HOSTILE) : `user:${random.below(3)}`;
      const { allowed } = await limiter.consume(key);
      const name = `${limiter.name} ${allowed ? "allowed" : "denied"}`;
      unsent.set(name, (unsent.get(name) ?? 0) + 1);
    }
    for (const { onEvent, unsent } of isolates) {
      await onEvent.flush();
      for (const [name, count] of unsent) own.set(name, (own.get(name) ?? 0) + count);
      unsent.clear();
    }
  }
  const policies = [fixedWindow({ name: "quota", limit: 3, window: "1 h" })];
  const operators = rules({ redis: client, namespace, refreshMs: 1 });
  const options = { name: "login", store: redisStore(client, { namespace }), policies, snapshots: false } as const;
  live = createLimiter(options);
  ruled = createLimiter({ ...options, store: redisStore(client, { namespace }), rules: operators });
}

beforeAll(async () => {
  await seed();
  browser = await launchChromium();
  server = await startDashboard(cuttable, 0, { namespace });
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

const ready = async (page: Page) => {
  await page.locator("#status", { hasText: "As of" }).waitFor();
  await page.locator("#rules > *").first().waitFor();
};

/** Looks a key up by the field. */
async function lookUp(page: Page, key: string) {
  await page.getByLabel("Key", { exact: true }).fill(key);
  await page.keyboard.press("Enter");
  await page.locator("#answer", { hasText: "As of" }).waitFor();
}

/** What the page says of a key in a limiter: left, and of how many. */
async function state(page: Page, limiter: string): Promise<number[]> {
  const cells = await page.getByRole("article", { name: limiter }).locator("td").allInnerTexts();
  return cells.slice(0, 2).map(Number);
}

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
    expect(kills).toBeGreaterThan(5);
    for (const [limiter, policy] of [
      ["api", "per-hour"],
      ["login", "quota"],
    ] as const) {
      const [, , allowed, denied] = await row(page, "policies", limiter, policy);
      expect([Number(allowed), Number(denied)]).toEqual([own.get(`${limiter} allowed`), own.get(`${limiter} denied`)]);
    }
    const all = [...own.values()].reduce((sum, count) => sum + count, 0);
    expect(await page.locator("#summary dd").first().innerText()).toBe(all.toLocaleString("en"));
    expect(await page.locator("#calls svg[role=img]").getAttribute("aria-label")).toBe(
      ["allowed", "denied"]
        .map((outcome) => {
          const both = (own.get(`api ${outcome}`) ?? 0) + (own.get(`login ${outcome}`) ?? 0);
          return `${both.toLocaleString("en")} ${outcome}`;
        })
        .join(", "),
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

  test("calls of allOf count once over all limiters, and in full for each", async () => {
    const space = uniqueName();
    const onEvent = analytics({ redis: client, namespace: space });
    const limiterOf = (name: string, limit: number) => {
      const policies = [fixedWindow({ name: "quota", limit, window: "1 d" })];
      return createLimiter({ name, store, policies, onEvent, snapshots: false });
    };
    const store = redisStore(client, { namespace: space });
    const [org, user] = [limiterOf("org", 50), limiterOf("user", 4)];
    const all = allOf({ org, user });
    const [allowed, denied, alone] = [8, 6, 3];
    for (let i = 0; i < 7; i += 1) for (const key of ["ada", "bob"]) await all.consume({ org: "acme", user: key });
    for (let i = 0; i < alone; i += 1) await org.consume("globex");
    await onEvent.flush();
    const other = await startDashboard(client, 0, { namespace: space });
    const { page, errors } = await openPage({}, other.link);
    await ready(page);
    const calls = page.locator("#summary dd").first();
    expect(await calls.innerText()).toBe(`${allowed + denied + alone}`);
    const drawn = () => page.locator("#calls svg[role=img]").getAttribute("aria-label");
    expect(await drawn()).toBe(`${allowed + alone} allowed, ${denied} denied`);
    expect(await row(page, "sources", "store")).toEqual(["store", `${allowed + denied + alone}`, "100.0 %"]);
    expect((await row(page, "policies", "org")).slice(2, 5)).toEqual([`${allowed + alone}`, "0", `${denied}`]);
    expect((await row(page, "policies", "user")).slice(2, 5)).toEqual([`${allowed}`, `${denied}`, "0"]);
    // 2 commands a call, 1 for each key written; 3 for each limiter's figures.
    const commands = 2 * (allowed + denied + alone) + 2 * allowed + alone + 2 * 3;
    expect(await page.locator("#saved").innerText()).toContain(`Some ${commands} commands`);
    expect(await page.locator("#together").innerText()).toContain("A call of allOf is one here");
    await page.getByRole("combobox", { name: "Limiter" }).selectOption("org");
    expect(await calls.innerText()).toBe(`${allowed + denied + alone}`);
    expect(await drawn()).toBe(`${allowed + alone} allowed, 0 denied, ${denied} denied by another limiter`);
    await page.getByRole("combobox", { name: "Limiter" }).selectOption("user");
    expect(await calls.innerText()).toBe(`${allowed + denied}`);
    expect(errors).toEqual([]);
    await other.close();
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
    expect(await state(page, "login")).toEqual([0, 3]);
    for (const [button, left] of [
      ["Do nothing", 0],
      ["Reset it", 3],
    ] as const) {
      await page.getByRole("button", { name: "Reset in login" }).focus();
      await page.keyboard.press("Enter");
      await page.locator("#sure-text", { hasText: /again. Isolates that have seen it denied .* as leases/ }).waitFor();
      await page.getByRole("button", { name: button }).focus();
      await page.keyboard.press("Enter");
      if (left === 3) await page.locator("#answer", { hasText: "Reset ada in login. As of" }).waitFor();
      expect((await state(page, "login"))[0]).toBe(left);
      expect(await live.peek("ada")).toMatchObject({ remaining: left });
    }
    expect(errors).toEqual([]);
  });

  test("one that a penalty blocks: until when; pardoned, and blocked for a time, asked twice and said back", async () => {
    const space = uniqueName();
    const onEvent = analytics({ redis: client, namespace: space });
    const quota = fixedWindow({ name: "quota", limit: 1, window: "1 d" });
    const own = { name: "sign-in", policies: [quota, penalty({ after: 2, within: "10 m", for: "1 h" })] } as const;
    const signIn = createLimiter({
      ...own,
      store: redisStore(client, { namespace: space }),
      onEvent,
      snapshots: false,
    });
    const split = regions({ near: "fra", stores: { fra: redisStore(client, { namespace: space }) } });
    await createLimiter({ name: "split", store: split, policies: [quota], onEvent }).consume("ada");
    // Another one of the same name, somewhere else.
    const elsewhere = analytics({ redis: client, namespace: space });
    const policies = [fixedWindow({ name: "<i>", limit: 7, window: "1 d" })];
    const there = { store: redisStore(client, { namespace: space }), policies, onEvent: elsewhere };
    await createLimiter({ name: "sign-in", ...there }).consume("bob");
    await elsewhere.flush();
    for (let i = 0; i < 3; i += 1) await signIn.consume("ada");
    await onEvent.flush();
    const other = await startDashboard(client, 0, { namespace: space });
    const { page, errors } = await openPage({}, other.link);
    await ready(page);
    await lookUp(page, "ada");
    const card = page.getByRole("article", { name: "sign-in" });
    const press = (name: string) => page.getByRole("button", { name, exact: true }).click();
    const isBlocked = async () => (await signIn.peek("ada")).source === "penalty";
    expect(await card.innerText()).toMatch(/Blocked until .*, by its penalty: 60 min more\./);
    expect(await card.innerText()).toContain("with other policies or another penalty: <i> (7). If it was not deployed");
    expect(await card.locator("table").count()).toBe(0);
    const shared = page.getByRole("article", { name: "split" });
    expect(await shared.innerText()).toContain("split over the databases fra. This page reads one database");
    expect([await shared.locator("table").count(), await shared.getByText("Reset", { exact: true }).count()]).toEqual([
      0, 0,
    ]);
    expect(await violations(page)).toEqual([]);

    for (const yes of [false, true]) {
      await press("Pardon in sign-in");
      await page.locator("#sure-text", { hasText: "The block of ada in sign-in ends" }).waitFor();
      await press(yes ? "Pardon it" : "Do nothing");
      if (yes) await page.locator("#answer", { hasText: "Pardoned ada in sign-in. As of" }).waitFor();
      expect(await isBlocked()).toBe(!yes);
    }
    expect(await state(page, "sign-in")).toEqual([1, 1]);

    for (const [first, second] of [["Do nothing"], ["Go on", "Do nothing"], ["Go on", "Block it"]] as const) {
      await press("Block for a time in sign-in");
      await page.getByRole("combobox", { name: "Block for" }).selectOption("1 day");
      if (first === "Go on") expect(await violations(page)).toEqual([]);
      await press(first);
      if (second) await page.locator("#sure-text", { hasText: "denied in sign-in for 1 day" }).waitFor();
      if (second) await press(second);
      if (second === "Block it")
        await page.locator("#answer", { hasText: /Blocked ada in sign-in until .* As of/ }).waitFor();
      expect(await isBlocked()).toBe(second === "Block it");
    }
    expect(await card.innerText()).toContain("24 h more");
    expect(errors).toEqual([]);
    await other.close();
  });

  test("from the list of keys denied most", async () => {
    const { page } = await openPage();
    await ready(page);
    await page.locator("#denied").getByRole("button").first().click();
    await page.locator("#answer", { hasText: "As of" }).waitFor();
    expect(await page.locator("#state article").count()).toBe(2);
  });
});

describe("rules", () => {
  const book = openRules({ redis: client, namespace });
  const dialog = (page: Page) => page.locator("dialog[open]");
  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  afterEach(async () => {
    for (const { id } of await book.list()) await book.remove(id);
  });

  test.each([
    {
      act: "Block in login",
      what: "block",
      allowed: false,
      says: /Every call of key bob is denied in login, and takes/,
    },
    { act: "Allow in login", what: "allow", allowed: true, says: /Every call of key bob passes in login and is not/ },
  ])("$act: asked twice, made, in force, said back, and removed", async ({ act, what, allowed, says }) => {
    for (let i = 0; i < 3; i += 1) await live.consume("bob");
    if (what === "block") await live.reset("bob");
    const { page, errors } = await openPage();
    await ready(page);
    await lookUp(page, "bob");
    await button(page, act).click();
    // Left at the first question, then at the second.
    await button(page, "Do nothing").click();
    await button(page, act).click();
    await page.getByLabel("Why, for other operators").fill("<b>stuffing</b>");
    await page.getByLabel("Your name").fill("ann");
    await page.getByLabel("How long").selectOption("1 day");
    await button(page, "Go on").click();
    expect(await dialog(page).innerText()).toMatch(says);
    await button(page, "Do nothing").click();
    expect(await book.list()).toEqual([]);
    await button(page, act).click();
    expect(await page.getByLabel("Your name").inputValue()).toBe("ann");
    await page.getByLabel("Why, for other operators").fill("<b>stuffing</b>");
    await page.getByLabel("How long").selectOption("1 day");
    await button(page, "Go on").click();
    await button(page, "Make this rule").click();
    await page
      .locator("#answer", { hasText: new RegExp(`Rule \\d+ is made: ${what}: key bob in login, until .* As of`) })
      .waitFor();
    const [rule] = await book.list();
    expect(rule).toMatchObject({ what, key: "bob", limiter: "login", by: "ann", why: "<b>stuffing</b>" });
    expect((rule?.until ?? 0) - Date.now()).toBeGreaterThan(86_300_000);
    expect(await ruled.consume("bob")).toMatchObject({ allowed, source: "rule" });
    expect(await page.getByRole("article", { name: "login" }).innerText()).toContain(`by ann: <b>stuffing</b>`);
    expect(await page.getByRole("article", { name: "api" }).locator(".rule").count()).toBe(0);

    await button(page, `Remove rule ${rule?.id}`).click();
    expect(await dialog(page).innerText()).toContain(`${what}: key bob in login`);
    await button(page, "Remove it").click();
    await page.locator("#rules-answer", { hasText: `Rule ${rule?.id} is removed.` }).waitFor();
    expect(await book.list()).toEqual([]);
    expect((await book.history())[0]).toMatchObject({ change: "remove", by: "ann" });
    await page.getByText("The last 100 changes").click();
    expect((await row(page, "history")).slice(1, 5)).toEqual(["removed", `${rule?.id}`, what, "key bob"]);
    expect(errors).toEqual([]);
  });

  test("a limit is changed by keyboard alone, and what is used stays used", async () => {
    for (let i = 0; i < 2; i += 1) await live.consume("cy");
    const { page, errors } = await openPage();
    await ready(page);
    await lookUp(page, "cy");
    await button(page, "Change limits in login").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("spinbutton", { name: "quota (3 by itself)" }).focus();
    await page.keyboard.type("50");
    await page.keyboard.press("Enter");
    expect(await dialog(page).innerText()).toContain("The limits of key cy in login are quota 50, until");
    await button(page, "Make this rule").focus();
    await page.keyboard.press("Enter");
    await page.locator("#answer", { hasText: /is made: limit quota 50: key cy in login.* As of/ }).waitFor();
    expect(await state(page, "login")).toEqual([48, 50]);
    expect(await ruled.consume("cy")).toMatchObject({ limit: 50, remaining: 47 });
    expect(await page.locator(":focus").getAttribute("aria-label")).toBe("Change limits in login");
    expect(errors).toEqual([]);
  });

  test("two operators at once: the second sees what the first did before anything is written", async () => {
    const { page: ann, errors } = await openPage();
    const { page: bob } = await openPage();
    for (const page of [ann, bob]) await ready(page);
    await button(ann, "Add a rule").click();
    await ann.getByLabel("Which").fill("198.51.100.0/24");
    await ann.getByRole("combobox", { name: "For" }).selectOption("the address or network");
    await ann.getByLabel("Your name").fill("ann");
    await button(bob, "Add a rule").click();
    await bob.getByLabel("Which").fill("198.51.100.*");
    await bob.getByRole("combobox", { name: "For" }).selectOption("keys like (* is anything)");
    await bob.getByLabel("Your name").fill("bob");
    await button(bob, "Go on").click();
    await button(bob, "Make this rule").click();
    await bob.locator("#rules-answer", { hasText: "is made" }).waitFor();
    await button(ann, "Go on").click();
    await button(ann, "Make this rule").click();
    await dialog(ann)
      .getByText(/bob made rule \d+ \(block: keys like 198\.51\.100\.\* in all limiters/)
      .waitFor();
    expect(await book.list()).toHaveLength(1);
    await button(ann, "Make this rule").click();
    await ann.locator("#rules-answer", { hasText: "is made: block: 198.51.100.0/24 in all limiters" }).waitFor();
    expect(await book.list()).toMatchObject([{ pattern: "198.51.100.*" }, { network: "198.51.100.0/24" }]);
    // A refused request is logged by the browser itself.
    expect(errors).toEqual([expect.stringContaining("409")]);
  });

  test("what can't be meant is asked a third time, what is wrong is told where it was typed", async () => {
    const { page } = await openPage();
    await ready(page);
    await button(page, "Add a rule").click();
    await page.getByRole("combobox", { name: "For" }).selectOption("the address or network");
    await page.getByLabel("Which").fill("example.org");
    await page.getByLabel("How long").selectOption("until it is removed");
    await button(page, "Go on").click();
    await button(page, "Make this rule").click();
    await page.locator("#rule-trouble", { hasText: "Not made: network must be an address" }).waitFor();
    expect(await page.getByLabel("Which").inputValue()).toBe("example.org");
    await page.getByLabel("Which").fill("::/0");
    await button(page, "Go on").click();
    await button(page, "Make this rule").click();
    await dialog(page).getByText("Refused: ::/0 is every address").waitFor();
    expect(await book.list()).toEqual([]);
    await button(page, "Do it all the same").click();
    await page.locator("#rules-answer", { hasText: "until it is removed. Mind: ::/0 is every address." }).waitFor();
    expect(await book.list()).toMatchObject([{ network: "::/0" }]);
  });

  test("hostile keys and words are text, and the key that was looked up is the one that is blocked", async () => {
    const { page, errors } = await openPage();
    await ready(page);
    const key = "\u202E<img src=x onerror=alert(1)>\u0001";
    await live.consume(key);
    await book.add({ what: "block", pattern: "<script>*", why: "<img src=x onerror=alert(5)>\u202E", by: "<b>" });
    await button(page, "Refresh").click();
    await page.locator("#rules", { hasText: "onerror=alert(5)" }).waitFor();
    await lookUp(page, key);
    await button(page, "Block in login").click();
    expect(await page.getByLabel("Which").inputValue()).toBe("\\u{202e}<img src=x onerror=alert(1)>\\u{1}");
    await button(page, "Go on").click();
    await button(page, "Make this rule").click();
    await page.locator("#answer", { hasText: "is made" }).waitFor();
    expect((await book.list()).map((rule) => rule.key)).toContain(key);
    expect(await page.locator("main img, main script, main b").count()).toBe(0);
    expect(errors).toEqual([]);
  });
});

describe("states", () => {
  test("empty: it tells what to do", async () => {
    const empty = await startDashboard(client, 0, { namespace: uniqueName() });
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
    await lookUp(page, "ada");
    await page.getByText("The last 100 changes").click();
    const fits = async () =>
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await fits();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Change limits in login" }).click();
    await fits();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("spinbutton").fill("9");
    await page.getByRole("button", { name: "Go on" }).click();
    await fits();
    expect(await violations(page)).toEqual([]);
    await page.getByRole("button", { name: "Do nothing" }).click();
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
  await lookUp(page, "ada");
  const session = await page.context().newCDPSession(page);
  async function refreshes(many: number): Promise<number> {
    for (let i = 0; i < many; i += 1) {
      const answered = page.waitForResponse(/api\/figures/);
      const looked = page.waitForResponse(/api\/key/);
      await page.clock.runFor(30_000);
      await Promise.all([answered, looked]);
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
