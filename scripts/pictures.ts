// `npm run docs:pictures`: the pictures of the dashboard in docs/, from a made-up day over a real Redis in a real browser.
import { fileURLToPath } from "node:url";
import { openRules } from "sluice";
import { upstashClient } from "sluice/upstash";
import { startDashboard } from "../src/server/cli/dashboard.ts";
import { createRedisRest } from "../src/server/rest/server.ts";
import { launchChromium } from "../test/browser/chromium.ts";
import { playPast } from "./traffic/past.ts";

const WIDTH = 1240;
const HEIGHT = 1010;
const fileOf = (name: string) => fileURLToPath(new URL(`../docs/dashboard-${name}.png`, import.meta.url));

const rest = await createRedisRest({ install: true });
const redis = upstashClient({ url: rest.url, token: rest.token });
await playPast(redis, 24, ({ hour }) => console.log(`${hour} of 24 h`));
const book = openRules({ redis });
await book.add({ what: "block", limiter: "login", key: "203.0.113.66", for: "1 d", why: "tries passwords", by: "ann" });
await book.add({ what: "allow", key: "health-check", by: "bob" });
await book.add({ what: "limit", limiter: "api", key: "tenant:0", limits: { burst: 300 }, for: "7 d", by: "ann" });

const server = await startDashboard(redis, 0);
const browser = await launchChromium();
for (const colorScheme of ["light", "dark"] as const) {
  const page = await browser.newPage({ colorScheme, viewport: { width: WIDTH, height: HEIGHT } });
  await page.goto(server.link);
  await page.locator("#rules table").waitFor();
  await page.screenshot({ path: fileOf(colorScheme) });
  if (colorScheme === "light") continue;
  await page.getByLabel("Key", { exact: true }).fill("tenant:0");
  await page.keyboard.press("Enter");
  await page.locator("#answer", { hasText: "As of" }).waitFor();
  await page.mouse.move(0, 0);
  await page.getByRole("heading", { name: "One key, now" }).focus();
  await page.locator("#key-title").evaluate((title) => title.parentElement?.scrollIntoView());
  const from = await page.locator("#key-title").evaluate((title) => title.getBoundingClientRect().top + scrollY - 30);
  const to = await page.locator("#changes").evaluate((end) => end.getBoundingClientRect().bottom + scrollY + 20);
  const clip = { x: 0, y: from, width: WIDTH, height: to - from };
  await page.screenshot({ path: fileOf("key"), fullPage: true, clip });
}
await browser.close();
await server.close();
await rest.close();
