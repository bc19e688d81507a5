import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { kill, type Listed, type NpmStart, npmStart } from "../demo/npm-start.ts";
import { freePort } from "../support/free-port.ts";
import { launchChromium } from "./chromium.ts";

// The page of `npm start` as people use it, in a real browser.
let browser: Browser;
let run: NpmStart;

beforeAll(async () => {
  browser = await launchChromium();
  run = npmStart(await freePort());
  await run.ready();
}, 300_000);

afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));

afterAll(async () => {
  await browser?.close();
  if (run) kill(-(run.process.pid as number), "SIGINT");
});

/** The page with a key of its own, and what went wrong on it. */
async function openPage(options: BrowserContextOptions = {}) {
  const context = await browser.newContext({ viewport: { width: 1240, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  const hosts = new Set<string>();
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("request", (request) => hosts.add(new URL(request.url()).origin));
  await page.goto(run.url);
  await page.getByLabel("x-api-key").fill(crypto.randomUUID());
  await expect.poll(() => page.locator("#bucket .left").innerText()).toBe("10 of 10 left");
  return { page, errors, hosts };
}

const count = async (page: Page, limit: string, kind: string) =>
  Number(await page.locator(`#${limit} .${kind} b`).innerText());

test("it tells the policies, and loads nothing from elsewhere", async () => {
  const { page, errors, hosts } = await openPage();
  expect(await page.locator("#bucket .policy").innerText()).toMatch(/^5 per 10 s .*one each 2 s; it holds 10/);
  expect(await page.locator("#window .policy").innerText()).toMatch(/^10 in any 10 s/);
  expect(await page.locator("#bucket .terminal").innerText()).toContain(`${run.url}/api/bucket`);
  expect([...hosts]).toEqual([run.url]);
  expect(errors).toEqual([]);
});

test("a burst empties the bucket, shows the denial's fields and counts down to what passes next", async () => {
  const { page, errors } = await openPage();
  const panel = page.locator("#bucket");
  await panel.getByRole("button", { name: "Send 20 at once" }).click();
  await expect
    .poll(async () => (await count(page, "bucket", "passed")) + (await count(page, "bucket", "denied")))
    .toBe(20);
  expect(await count(page, "bucket", "passed")).toBeGreaterThanOrEqual(10);
  // A token flows in each two seconds.
  expect(await count(page, "bucket", "passed")).toBeLessThanOrEqual(12);
  const fields = await panel.locator("dl").innerText();
  expect(fields).toMatch(/RateLimit-Policy\s+"bucket";q=10;w=20/);
  expect(fields).toMatch(/RateLimit\s+"bucket";r=0;t=[12]/);
  expect(fields).toMatch(/Retry-After\s+[12]/);
  await panel.locator(".next strong", { hasText: /^in [0-2]\.\d s$/ }).waitFor();
  await expect.poll(() => panel.locator("[aria-live]").textContent()).toMatch(/^Token bucket: 1\d passed, \d+ denied/);

  await expect.poll(() => panel.locator(".next strong").innerText(), { timeout: 5000 }).toBe("now");
  const passed = await count(page, "bucket", "passed");
  await panel.getByRole("button", { name: "Send one" }).click();
  await expect.poll(() => count(page, "bucket", "passed")).toBe(passed + 1);
  expect(await page.locator("#window .left").innerText()).toBe("10 of 10 left");
  expect(errors).toEqual([]);
});

test("it shows how often Redis was asked, with leases and without", async () => {
  const { page, errors } = await openPage();
  const panel = page.locator("#hot");
  const burst = panel.getByRole("button", { name: "Send 20 at once" });
  const sent = (times: number) => expect.poll(() => count(page, "hot", "passed")).toBe(times);
  await burst.click();
  await sent(20);
  expect(await count(page, "hot", "asked")).toBe(20);
  await panel.getByRole("checkbox").check();
  expect(await count(page, "hot", "asked")).toBe(0);
  await expect.poll(() => panel.locator(".policy").innerText()).toContain("it holds 80");
  await burst.click();
  await sent(20);
  await burst.click();
  await sent(40);
  expect(await count(page, "hot", "asked")).toBeLessThan(36);
  expect(errors).toEqual([]);
});

test("a stream goes on until it is stopped, and a new key starts afresh", async () => {
  const { page } = await openPage();
  const panel = page.locator("#window");
  await panel.getByRole("slider").fill("10");
  await panel.getByRole("button", { name: "Stream" }).click();
  await expect.poll(() => count(page, "window", "denied"), { timeout: 10_000 }).toBeGreaterThan(0);
  await panel.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "New key" }).click();
  await expect.poll(() => panel.locator(".left").innerText()).toBe("10 of 10 left");
  expect(await count(page, "window", "denied")).toBe(0);
});

test("without a key the address is limited", async () => {
  const { page } = await openPage();
  await page.getByLabel("My address").check();
  expect(await page.locator("#bucket .terminal").innerText()).not.toContain("x-api-key");
  await page.locator("#bucket").getByRole("button", { name: "Send one" }).click();
  await expect.poll(() => count(page, "bucket", "passed")).toBe(1);
});

test("it can be used by keyboard alone, and the focus shows", async () => {
  const { page } = await openPage();
  await page.getByLabel("x-api-key").focus();
  // Past "New key" to the first button of the first limit.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  const focused = page.locator(":focus");
  expect(await focused.innerText()).toBe("Send one");
  expect(
    await focused.evaluate((element) => Number.parseFloat(getComputedStyle(element).outlineWidth)),
  ).toBeGreaterThan(1);
  await page.keyboard.press("Enter");
  await expect.poll(() => count(page, "bucket", "passed")).toBe(1);
});

test("one click shows what operators see, with what was sent here", async () => {
  const { page, errors } = await openPage();
  const apiKey = await page.getByLabel("x-api-key").inputValue();
  await page.locator("#window").getByRole("button", { name: "Send 20 at once" }).click();
  await expect.poll(() => count(page, "window", "denied")).toBe(10);
  // Figures go out behind a later answer.
  const figures = async () => {
    await fetch(`${run.url}/api/window`);
    return (await fetch(`${run.url}/dashboard/api/figures?hours=6`)).text();
  };
  await expect.poll(figures, { timeout: 10_000, interval: 500 }).toMatch(/"demo-window","calls":\[\{/);
  await page.getByRole("link", { name: "What operators see: the dashboard" }).click();
  await page.locator("#policies tr", { hasText: "demo-window" }).waitFor();
  await page.getByLabel("Key", { exact: true }).fill(`0:${apiKey}`);
  await page.keyboard.press("Enter");
  await page.getByRole("article", { name: "demo-window" }).waitFor();
  // A rule made here holds there.
  await page.getByRole("button", { name: "Block in demo-bucket" }).click();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByRole("button", { name: "Make this rule" }).click();
  await page.locator("#answer", { hasText: "is made: block" }).waitFor();
  const blocked = async () =>
    (await (await fetch(`${run.url}/api/bucket`, { headers: { "x-api-key": apiKey } })).json()).title;
  await expect.poll(blocked, { timeout: 10_000 }).toBe("Blocked");
  expect(errors).toEqual([]);
});

test("it fits a phone, with buttons that a thumb can hit", async () => {
  const { page } = await openPage({ viewport: { width: 375, height: 780 }, isMobile: true, hasTouch: true });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375);
  const boxes = await page
    .getByRole("button")
    .evaluateAll((all) => all.map((button) => button.getBoundingClientRect().height));
  expect(Math.min(...boxes)).toBeGreaterThanOrEqual(44);
});

test.each(["light", "dark"] as const)("its text stands out in the %s scheme", async (colorScheme) => {
  const { page } = await openPage({ colorScheme });
  await page.locator("#bucket").getByRole("button", { name: "Send 20 at once" }).click();
  await expect.poll(() => count(page, "bucket", "denied")).toBeGreaterThan(0);
  // Off the button, whose look under the mouse is another one.
  await page.mouse.move(0, 0);
  const pairs = await page.evaluate(() =>
    ["h1", ".lead", ".policy", ".burst", ".one", ".next strong", ".status", "dt", "dd", "footer"].map((selector) => {
      const element = document.querySelector(selector) as Element;
      let behind: Element | null = element;
      while (behind && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
      return [selector, getComputedStyle(element).color, getComputedStyle(behind as Element).backgroundColor] as const;
    }),
  );
  for (const [selector, text, background] of pairs) {
    expect(contrast(text, background), selector).toBeGreaterThanOrEqual(4.5);
  }
});

test("it says when Redis is away, and when it is back", async () => {
  const { page } = await openPage();
  const redis = run.family().find(({ command }) => command.startsWith("redis-server")) as Listed;
  kill(redis.pid);
  await expect.poll(() => page.getByRole("alert").innerText(), { timeout: 5000 }).toMatch(/pass uncounted/);
  await expect.poll(() => page.locator("#bucket .left").innerText()).toMatch(/^\?/);
  await page.locator("#bucket").getByRole("button", { name: "Send one" }).click();
  await expect.poll(() => count(page, "bucket", "uncounted")).toBe(1);
  await expect.poll(() => page.locator("#bucket .left").innerText(), { timeout: 20_000 }).toBe("10 of 10 left");
  await expect.poll(() => page.getByRole("alert").isVisible()).toBe(false);
});

/** Contrast of two colours as WCAG 2 defines it, 1 to 21. */
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((text) => {
    const part = Number(text) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test("it fits a screen of 320 px, whatever has been answered", async () => {
  const { page } = await openPage({ viewport: { width: 320, height: 640 } });
  for (const limit of ["bucket", "window", "hot"]) await page.locator(`#${limit} .burst`).click();
  await expect.poll(() => count(page, "hot", "passed")).toBe(20);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
});

test("each button has a name of its own, which begins with what is written on it", async () => {
  const { page } = await openPage();
  const names = await page
    .getByRole("button")
    .evaluateAll((buttons) =>
      buttons.map((button) => [button.getAttribute("aria-label") ?? button.textContent, button.textContent] as const),
    );
  expect(new Set(names.map(([name]) => name)).size).toBe(names.length);
  expect(names.filter(([name, written]) => !name?.startsWith(written as string))).toEqual([]);
});

test("it tells what was sent, how often Redis was asked, how old the answer is and what its quota means", async () => {
  const { page } = await openPage();
  const panel = page.locator("#bucket");
  await panel.getByRole("button", { name: "Send 20 at once" }).click();
  await expect.poll(() => count(page, "bucket", "sent")).toBe(20);
  expect(await panel.locator("figcaption").innerText()).toMatch(/sent 20, *\s*asked Redis \d+/);
  expect(await panel.locator(".why").innerText()).toBe("q=10;w=20: a full bucket of 10, filled in 20 s.");
  await expect.poll(() => panel.locator("h3").innerText(), { timeout: 10_000 }).toMatch(/^Last answer [1-9] s ago$/);
  await page.locator("#window .one").click();
  await expect.poll(() => count(page, "window", "sent")).toBe(1);
  expect(await page.locator("#window .why").isVisible()).toBe(false);
});

test("the gate is red only while it is down", async () => {
  const { page } = await openPage();
  /** The colour at the top of the gate, as the page's variables have it. */
  const gate = () =>
    page.locator("#bucket canvas").evaluate((canvas: HTMLCanvasElement) => {
      const scale = devicePixelRatio;
      const at = [(canvas.clientWidth - 40 + 4) * scale, 3 * scale] as const;
      const [red = 0, green = 0] = canvas.getContext("2d")?.getImageData(...at, 1, 1).data ?? [];
      return red > green + 60 ? "red" : "other";
    });
  await expect.poll(gate).toBe("other");
  await page.locator("#bucket .burst").click();
  await expect.poll(gate).toBe("red");
});
