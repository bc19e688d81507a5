import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

const ask = (user: string) => exports.default.fetch("https://api.test/", { headers: { "x-user": user } });

test("the third request is denied", async () => {
  const user = crypto.randomUUID();
  const statuses: number[] = [];
  for (let i = 0; i < 3; i += 1) statuses.push((await ask(user)).status);
  expect(statuses).toEqual([200, 200, 429]);
  expect((await ask(crypto.randomUUID())).status).toBe(200);
});
