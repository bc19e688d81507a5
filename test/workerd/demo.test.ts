import { exports } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, inject, test, vi } from "vitest";

// The Worker of wrangler.toml inside workerd, its counts in a real Redis behind the REST server. Its clock stands still
// unless told, so that the counts are exact.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});

let key: string;

beforeEach(() => {
  key = crypto.randomUUID();
});

const get = (path: string, apiKey = key) =>
  exports.default.fetch(`http://demo${path}`, { headers: { "x-api-key": apiKey } });

const passTime = (ms: number) => vi.setSystemTime(Date.now() + ms);

async function statuses(responses: Promise<Response>[]): Promise<number[]> {
  return (await Promise.all(responses)).map(({ status }) => status);
}

async function inTurn(path: string, count: number): Promise<Response[]> {
  const responses = [];
  for (let n = 0; n < count; n += 1) responses.push(await get(path));
  return responses;
}

const passed = (list: readonly { status: number }[]) => list.filter(({ status }) => status === 200).length;

test("30 requests at once in time: the bucket's burst passes, the rest is denied until a token has flowed in", async () => {
  const responses = await inTurn("/api/bucket", 30);
  expect(responses.map(({ status }) => status)).toEqual([...Array(10).fill(200), ...Array(20).fill(429)]);
  for (const denied of responses.slice(10)) {
    expect(denied.headers.get("Retry-After")).toBe("2");
    expect(denied.headers.get("RateLimit")).toBe('"bucket";r=0;t=2');
    expect(denied.headers.get("RateLimit-Policy")).toBe('"bucket";q=10;w=20');
  }
  passTime(1999);
  expect((await get("/api/bucket")).status).toBe(429);
  passTime(1);
  expect(await statuses([get("/api/bucket")])).toEqual([200]);
  expect((await get("/api/bucket")).status).toBe(429);
});

test("an allowed answer is the decision", async () => {
  const response = await get("/api/bucket");
  expect(response.headers.get("RateLimit")).toBe('"bucket";r=9;t=2');
  expect(await response.json()).toMatchObject({ allowed: true, remaining: 9, resetAfterMs: 2000, source: "store" });
});

test("the window lets its limit pass, and what the window before leaves over", async () => {
  // To the start of a window, so that the overlap is known.
  passTime(10_000 - (Date.now() % 10_000));
  expect(passed(await inTurn("/api/window", 15))).toBe(10);
  passTime(15_000);
  expect(passed(await inTurn("/api/window", 15))).toBe(5);
});

test("two keys don't touch each other", async () => {
  const other = crypto.randomUUID();
  await inTurn("/api/bucket", 12);
  expect((await get("/api/bucket")).status).toBe(429);
  expect(await (await get("/api/bucket", other)).json()).toMatchObject({ allowed: true, remaining: 9 });
});

test("requests without a key share the quota of their address, which no key can spell", async () => {
  const address = "2001:db8:1:2::1";
  const anonymous = () =>
    exports.default.fetch("http://demo/api/bucket", { headers: { "cf-connecting-ip": address, "x-api-key": "" } });
  for (let n = 0; n < 10; n += 1) await anonymous();
  expect((await anonymous()).status).toBe(429);
  expect((await get("/api/bucket", address)).status).toBe(200);
});

test.each(["/api/bucket", "/api/window"])("50 parallel requests to %s pass no more than 50 in turn", async (path) => {
  const all = Array.from({ length: 50 }, () => get(path));
  expect((await statuses(all)).filter((status) => status === 200)).toHaveLength(10);
});

test("a denial that this isolate knows asks nobody", async () => {
  await inTurn("/api/bucket", 10);
  const fetch = vi.spyOn(globalThis, "fetch");
  const denied = await get("/api/bucket");
  expect(denied.status).toBe(429);
  expect(denied.headers.get("x-decided-by")).toBe("snapshot");
  // Figures and rules go behind answers, and in their own time.
  const checks = () => fetch.mock.calls.filter((call) => JSON.stringify(call).includes("demo-bucket:b10s:"));
  expect(checks()).toHaveLength(0);
  passTime(2000);
  expect((await get("/api/bucket")).headers.get("x-decided-by")).toBe("store");
  expect(checks()).toHaveLength(1);
  fetch.mockRestore();
});

test("the status takes nothing", async () => {
  await inTurn("/api/window", 3);
  const status = async () => (await get("/api/status")).json();
  const before = await status();
  expect(before).toMatchObject({ bucket: { remaining: 10, resetAfterMs: 0 }, window: { remaining: 7 } });
  expect(await status()).toEqual(before);
});

test("with leases a hot key asks Redis for few of its requests, and the answers tell", async () => {
  // A Worker that has just begun was not asked before; this one was.
  await inTurn("/api/hot", 1);
  await inTurn("/api/leased", 1);
  const asked = (list: readonly Response[]) =>
    list.reduce((sum, { headers }) => sum + Number(headers.get("x-redis-asked")), 0);
  key = crypto.randomUUID();
  const [plain, leased] = [await inTurn("/api/hot", 40), await inTurn("/api/leased", 40)];
  expect([passed(plain), passed(leased)]).toEqual([40, 40]);
  expect(asked(plain)).toBe(40);
  expect(asked(leased)).toBeLessThan(20);
  expect(leased.at(-1)?.headers.get("x-decided-by")).toBe("lease");
  const { hot } = (await (await get("/api/status?leases")).json()) as { hot: object };
  expect(hot).toMatchObject({ source: "lease", burst: 80 });
});

test("after SCRIPT FLUSH the next check goes on counting", async () => {
  await get("/api/bucket");
  const flushed = await fetch(inject("restUrl"), {
    method: "POST",
    headers: { authorization: `Bearer ${inject("restToken")}` },
    body: JSON.stringify(["SCRIPT", "FLUSH"]),
  });
  expect(await flushed.json()).toEqual({ result: "OK" });
  expect(await (await get("/api/bucket")).json()).toMatchObject({ remaining: 8, source: "store" });
});
