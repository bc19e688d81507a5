import { request } from "node:http";
import { upstashClient } from "sluice/upstash";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { startDashboard } from "../../../src/server/cli/dashboard.ts";
import { uniqueName } from "../../support/redis.ts";

const redis = upstashClient({ url: inject("restUrl"), token: inject("restToken") });
let server: Awaited<ReturnType<typeof startDashboard>>;
beforeAll(async () => {
  server = await startDashboard(redis, 0, { namespace: uniqueName() });
});
afterAll(() => server.close());

const cookieOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((each) => each.split(";")[0])
    .join("; ");

test("the link answers with the page itself and lets its browser in by a cookie", async () => {
  const response = await fetch(server.link, { redirect: "manual" });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  const cookies = response.headers.getSetCookie();
  expect(cookies).toHaveLength(2);
  for (const cookie of cookies) expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
  const cookie = cookieOf(response);
  expect((await fetch(`${server.url}/api/figures?hours=6`, { headers: { cookie } })).status).toBe(200);
  const again = await fetch(server.url, { headers: { cookie } });
  expect(again.status).toBe(200);
  expect(again.headers.getSetCookie(), "no new token for whoever has it").toHaveLength(1);
});

test("nobody else is let in: no token, a wrong one, another port's cookie", async () => {
  const { port } = new URL(server.url);
  const token = new URL(server.link).searchParams.get("token") as string;
  for (const [path, cookie] of [
    ["/", ""],
    ["/?token=", ""],
    [`/?token=${token.slice(1)}x`, ""],
    ["/", `sluice-dashboard-${port}=wrong`],
    ["/", `sluice-dashboard-1=${token}`],
    ["/app.js", ""],
  ] as const) {
    const response = await fetch(server.url + path, { headers: { cookie } });
    expect(response.status, `${path} ${cookie}`).toBe(403);
    expect(response.headers.getSetCookie()).toEqual([]);
  }
});

test("a name that was made to lead here is refused", async () => {
  const statusFor = (host: string) =>
    new Promise((resolve, reject) => {
      const asked = request(server.link, { headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on("error", reject).end();
    });
  const { port } = new URL(server.url);
  expect(await statusFor(`localhost:${port}`)).toBe(200);
  expect(await statusFor(`rebound.test:${port}`)).toBe(403);
});
