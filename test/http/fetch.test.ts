import { withRateLimit } from "sluice/fetch";
import { describe, expect, test } from "vitest";
import { fields, limiterOf } from "./setup.js";

const request = (init?: RequestInit) => new Request("https://api.test/", init);

describe("withRateLimit", () => {
  test("lets pass what the policy allows and answers the rest with 429", async () => {
    const { clock, limiter } = limiterOf();
    const handler = withRateLimit(() => new Response("served"), { limiter, key: () => "k" });

    expect(fields(await handler(request()))).toEqual({
      "ratelimit-policy": '"pair";q=2;w=60',
      ratelimit: '"pair";r=1;t=20',
    });
    expect((await handler(request())).status).toBe(200);
    const denied = await handler(request());
    expect(denied.status).toBe(429);
    expect(fields(denied)).toEqual({
      "retry-after": "20",
      "ratelimit-policy": '"pair";q=2;w=60',
      ratelimit: '"pair";r=0;t=20',
    });
    clock.advance(20_000);
    expect((await handler(request())).status).toBe(200);
  });
});
