import fc from "fast-check";
import { type Context, Hono } from "hono";
import { bearer, clientIp, compose, cookie, firstOf, hashed, header, path, withRateLimit } from "sluice/fetch";
import * as hono from "sluice/hono";
import { describe, expect, test } from "vitest";
import { limiterOf } from "../setup.ts";

const request = (headers: Record<string, string> = {}, url = "https://api.test/") => new Request(url, { headers });

describe("header", () => {
  test("is the value, undefined where it is missing or empty", () => {
    expect(header("x-api-key")(request({ "X-API-Key": " k1 " }))).toBe("k1");
    expect(header("x-api-key")(request())).toBeUndefined();
    expect(header("x-api-key")(request({ "X-API-Key": "" }))).toBeUndefined();
  });
});

describe("cookie", () => {
  test.each([
    ["session=abc", "abc"],
    ["a=1; session=abc; b=2", "abc"],
    ["session=first; session=second", "first"],
    ["xsession=no; session=yes", "yes"],
    ["session=a=b=c", "a=b=c"],
    ['session="abc"', "abc"],
    ["session=%61bc", "abc"],
    ["session=%zz", "%zz"],
    [" session = abc ", "abc"],
    ["session=", undefined],
    ["session", undefined],
    ["", undefined],
  ])("%j is %j", (field, expected) => {
    expect(cookie("session")(request({ Cookie: field }))).toBe(expected);
  });

  test("is undefined without cookies", () => {
    expect(cookie("session")(request())).toBeUndefined();
  });
});

describe("bearer", () => {
  test("is the token's SHA-256 and never the token", async () => {
    // printf 'secret-token' | openssl dgst -sha256 -binary | base64, in the alphabet of URLs
    const expected = "kwu9xRtq7VwqVnj9bije56BeiktkPPwLRCfD77hsDZQ";
    for (const field of ["Bearer secret-token", "bearer secret-token", "BEARER   secret-token"]) {
      expect(await bearer()(request({ Authorization: field }))).toBe(expected);
    }
  });

  test.each(["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer a b", "Bearersecret"])(
    "%j holds none",
    async (field) => {
      expect(await bearer()(request({ Authorization: field }))).toBeUndefined();
    },
  );

  test("hashed does the same to any key", async () => {
    const key = hashed(cookie("session"));
    expect(await key(request({ Cookie: "session=s" }))).toMatch(/^[\w-]{43}$/);
    expect(await key(request())).toBeUndefined();
  });
});

describe("path", () => {
  test.each([
    ["https://api.test", "/"],
    ["https://api.test/a/b?c=d#e", "/a/b"],
    ["https://api.test/%61/b", "/a/b"],
    ["https://api.test/a/../b", "/b"],
    ["https://api.test/%zz", "/%zz"],
  ])("%s is %s", (url, expected) => {
    expect(path()(request({}, url))).toBe(expected);
  });
});

describe("compose", () => {
  const fixed = (value: string | null | undefined) => () => value;
  const combined = (parts: readonly (string | null | undefined)[]) => compose(...parts.map(fixed))(request());
  const anyParts = fc.array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.constantFrom("", ",", '"', "null", '","', "\\", "\0"),
      fc.constant(null),
    ),
    { minLength: 2, maxLength: 4 },
  );

  test("distinct parts make distinct keys", async () => {
    await fc.assert(
      fc.asyncProperty(anyParts, anyParts, async (a, b) => {
        const present = (parts: unknown[]) => parts.some((part) => part !== null);
        fc.pre(present(a) && present(b));
        const same = a.length === b.length && a.every((part, i) => part === b[i]);
        expect((await combined(a)) === (await combined(b))).toBe(same);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    [
      ["a", "b,c"],
      ["a,b", "c"],
    ],
    [
      ["a", '","b'],
      ['a","', "b"],
    ],
    [
      ["a", null],
      ["a", "null"],
    ],
    [
      ["a", ""],
      ["a", null],
    ],
    [
      ["\ud800", "x"],
      ["\ufffd", "x"],
    ],
    [
      ["\ud800", "x"],
      ["\\ud800", "x"],
    ],
  ])("%j and %j differ", async (a, b) => {
    expect(await combined(a)).not.toBe(await combined(b));
  });

  test("is undefined only if every part is", async () => {
    expect(await combined([undefined, "a"])).toBe('[null,"a"]');
    expect(await combined([undefined, null])).toBeUndefined();
  });

  test("passes on the handler's second argument", async () => {
    const info = { remoteAddr: { hostname: "198.51.100.7" } };
    expect(await compose(clientIp, path())(request(), info)).toBe('["198.51.100.7","/"]');
  });
});

describe("firstOf", () => {
  test("takes the first key that is there", async () => {
    const key = firstOf(header("x-api-key"), bearer(), () => "else");
    expect(await key(request({ "X-API-Key": "k" }))).toBe("0:k");
    expect(await key(request({ Authorization: "Bearer t" }))).toMatch(/^1:[\w-]{43}$/);
    expect(await key(request())).toBe("2:else");
    expect(await firstOf(header("x-api-key"))(request())).toBeUndefined();
  });

  test("nobody uses another's quota by sending a key that spells an address", async () => {
    const { limiter } = limiterOf();
    const handler = withRateLimit((_request: Request, _info: object) => new Response(), {
      limiter,
      key: firstOf(header("x-api-key"), clientIp),
    });
    const info = { remoteAddr: { hostname: "198.51.100.7" } };
    for (let i = 0; i < 5; i += 1) await handler(request({ "X-API-Key": "198.51.100.7" }), info);
    expect((await handler(request(), info)).status).toBe(200);
  });
});

describe("in Hono", () => {
  test("keys take its context", async () => {
    const keys = { header: hono.header("x"), cookie: hono.cookie("c"), path: hono.path() };
    const app = new Hono().get("*", async (c) =>
      c.json({
        header: keys.header(c),
        cookie: keys.cookie(c),
        path: keys.path(c),
        bearer: await hono.bearer()(c),
        composed: await hono.compose((c: Context) => c.req.query("user"), hono.path())(c),
      }),
    );
    const headers = { X: "1", Cookie: "c=2", Authorization: "Bearer 3" };
    expect(await (await app.request("/a?user=u", { headers })).json()).toEqual({
      header: "1",
      cookie: "2",
      path: "/a",
      bearer: expect.stringMatching(/^[\w-]{43}$/),
      composed: '["u","/a"]',
    });
  });
});

describe("the empty key", () => {
  test("is a key like any other and no way around the limit", async () => {
    const { limiter } = limiterOf();
    const handler = withRateLimit(() => new Response(), { limiter, key: (request) => request.headers.get("x-user") });
    for (const expected of [200, 200, 429]) expect((await handler(request({ "X-User": "" }))).status).toBe(expected);
  });

  test("differs from keys of nothing but NUL", async () => {
    const { limiter } = limiterOf();
    const handler = (key: string) => withRateLimit(() => new Response(), { limiter, key: () => key })(request());
    for (const key of ["", "", "\0", "\0", "\0\0"]) expect((await handler(key)).status).toBe(200);
    expect((await handler("")).status).toBe(429);
  });
});
