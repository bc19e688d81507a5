import { expect, test } from "vitest";
import { type Policy, slidingWindow, tokenBucket } from "../../src/algorithm/policy.ts";
import { createLimiter } from "../../src/limiter/limiter.ts";
import { memoryStore } from "../../src/store/memory.ts";

const login = tokenBucket({ name: "login", limit: 5, window: "1 m" });
const api = tokenBucket({ name: "api", limit: 100, window: "1 m" });

test("two limiters on one store have counts of their own, also where their policies are alike", async () => {
  const store = memoryStore();
  const [first, second] = [login, api].map((policy) => createLimiter({ name: policy.name, store, policies: [policy] }));
  for (let i = 0; i < 10; i += 1) await second?.consume("192.0.2.1");
  expect(await first?.consume("192.0.2.1")).toMatchObject({ allowed: true, remaining: 4 });
  const twin = createLimiter({ name: "other", store, policies: [login] });
  expect(await twin.peek("192.0.2.1")).toMatchObject({ remaining: 5 });
});

test("limiters of one name on one store share their counts", async () => {
  const store = memoryStore();
  const options = { name: "login", store, policies: [login] };
  await createLimiter(options).consume("k");
  expect(await createLimiter({ ...options, timeoutMs: 5 }).peek("k")).toMatchObject({ remaining: 4 });
});

test.each<[string, Policy[]]>([
  ["another limit", [tokenBucket({ name: "login", limit: 6, window: "1 m" })]],
  ["another burst", [tokenBucket({ name: "login", limit: 5, window: "1 m", burst: 6 })]],
  ["another window", [tokenBucket({ name: "login", limit: 5, window: "2 m" })]],
  ["another policy name", [tokenBucket({ name: "log-in", limit: 5, window: "1 m" })]],
  ["another algorithm", [slidingWindow({ name: "login", limit: 5, window: "1 m" })]],
  ["one policy more", [login, api]],
])("the same name with %s on one store object throws at construction, and is free on another", (_what, policies) => {
  const store = memoryStore();
  createLimiter({ name: "login", store, policies: [login] });
  expect(() => createLimiter({ name: "login", store, policies })).toThrow(
    /^name "login" stands for other policies on this store: b1m login 5 5; not /,
  );
  expect(() => createLimiter({ name: "login", store: memoryStore(), policies })).not.toThrow();
});
