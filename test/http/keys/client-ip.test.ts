import fc from "fast-check";
import { Hono } from "hono";
import { clientIp, withRateLimit } from "sluice/fetch";
import { clientIp as honoClientIp, rateLimit } from "sluice/hono";
import { afterEach, describe, expect, test, vi } from "vitest";
import { limiterOf } from "../setup.ts";

const request = (headers: Record<string, string> = {}) => new Request("https://api.test/", { headers });

/** Everything that a client might send to be taken for another. */
const spoofed = {
  "CF-Connecting-IP": "203.0.113.66",
  "CF-Connecting-IPv6": "2001:db8:66::1",
  "True-Client-IP": "203.0.113.66",
  "X-Real-IP": "203.0.113.66",
  "X-Vercel-Forwarded-For": "203.0.113.66",
  "X-Client-IP": "203.0.113.66",
  "X-Forwarded-For": "203.0.113.66, 203.0.113.67",
  Forwarded: "for=203.0.113.66",
  "Fly-Client-IP": "203.0.113.66",
};

const node = (remoteAddress?: string) => ({ incoming: { socket: { remoteAddress } } });
const deno = (hostname: string) => ({ remoteAddr: { transport: "tcp", hostname, port: 1234 }, completed: {} });

const kit = (getClientAddress: () => string) => ({ getClientAddress, platform: {}, isSubRequest: false });
const absent = () => {
  throw new Error("Address header was specified with ADDRESS_HEADER=x-real-ip but is absent from request");
};

/** A Bun server, whose method needs its `this`. */
function bun(address: string | null) {
  return {
    address,
    requestIP(this: { address: string | null }, of: Request) {
      return of instanceof Request && this.address ? { address: this.address, family: "IPv4", port: 1 } : null;
    },
  };
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

describe("the connection's peer", () => {
  test.each([
    ["Node", node("198.51.100.7"), "198.51.100.7"],
    ["Node, dual stack", node("::ffff:198.51.100.7"), "198.51.100.7"],
    ["Node, IPv6", node("2001:db8:1:2:3::4"), "2001:db8:1:2::/64"],
    ["Node, wrapped by its Hono adapter", { server: node("198.51.100.7") }, "198.51.100.7"],
    ["Node, socket closed", node(undefined), "unknown"],
    ["Deno", deno("198.51.100.7"), "198.51.100.7"],
    ["Deno, Unix socket", { remoteAddr: { transport: "unix", path: "/run/app.sock" } }, "unknown"],
    ["Bun", bun("198.51.100.7"), "198.51.100.7"],
    ["Bun, wrapped by its Hono adapter", { server: bun("198.51.100.7") }, "198.51.100.7"],
    ["Bun, request closed", bun(null), "unknown"],
    ["SvelteKit", kit(() => "198.51.100.7"), "198.51.100.7"],
    ["SvelteKit, IPv6", kit(() => "2001:db8:1:2:3::4"), "2001:db8:1:2::/64"],
    ["SvelteKit, a header that its adapter is told of is missing", kit(absent), "unknown"],
    ["nothing passed", undefined, "unknown"],
    ["null passed", null, "unknown"],
    ["text passed", "198.51.100.7", "unknown"],
    ["settings passed", { REDIS_URL: "https://redis.test" }, "unknown"],
  ])("%s", (_name, info, expected) => {
    for (const headers of [{}, spoofed]) {
      expect(clientIp(request(headers), info)).toBe(expected);
    }
  });

  test("Hono passes it in c.env", async () => {
    const app = new Hono<{ Bindings: object }>().get("/", (c) => c.text(honoClientIp(c)));
    for (const env of [node("198.51.100.7"), deno("198.51.100.7"), bun("198.51.100.7")]) {
      expect(await (await app.request("/", { headers: spoofed }, env)).text()).toBe("198.51.100.7");
    }
    expect(await (await app.request("/", { headers: spoofed })).text()).toBe("unknown");
  });
});

describe("platforms", () => {
  test("Cloudflare Workers: CF-Connecting-IP, whatever else is sent or passed", () => {
    vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" });
    expect(clientIp(request({ ...spoofed, "CF-Connecting-IP": "198.51.100.7" }), node("198.51.100.8"))).toBe(
      "198.51.100.7",
    );
    expect(clientIp(request({ "X-Forwarded-For": "203.0.113.66" }), {})).toBe("unknown");
  });

  test("Vercel: X-Real-IP, else X-Vercel-Forwarded-For", () => {
    vi.stubEnv("VERCEL", "1");
    expect(clientIp(request({ ...spoofed, "X-Real-IP": "198.51.100.7" }), node("198.51.100.8"))).toBe("198.51.100.7");
    expect(clientIp(request({ "X-Vercel-Forwarded-For": "198.51.100.7", "X-Forwarded-For": "203.0.113.66" }))).toBe(
      "198.51.100.7",
    );
  });

  test("the environment is looked at with each request, and never under Deno, which would ask its user", () => {
    const env = vi.fn(() => "1");
    vi.stubGlobal("process", { env: Object.defineProperty({}, "VERCEL", { get: env }) });
    expect(clientIp(request(spoofed))).toBe("203.0.113.66");
    expect(env).toHaveBeenCalledTimes(1);
    vi.stubGlobal("Deno", {});
    expect(clientIp(request(spoofed), deno("198.51.100.7"))).toBe("198.51.100.7");
    expect(env).toHaveBeenCalledTimes(1);
  });

  test.each(["Node.js/22", "Cloudflare-Workers-lookalike", "Mozilla/5.0"])(
    "a runtime called %s is not believed",
    (name) => {
      vi.stubGlobal("navigator", { userAgent: name });
      expect(clientIp(request({ ...spoofed, "User-Agent": "Cloudflare-Workers" }))).toBe("unknown");
    },
  );

  test("an empty or cleared VERCEL is not Vercel", () => {
    vi.stubEnv("VERCEL", "");
    expect(clientIp(request(spoofed))).toBe("unknown");
  });
});

describe("trust", () => {
  const behind = (forwarded: string, trust: string | number) =>
    clientIp(request({ ...spoofed, "X-Forwarded-For": forwarded }), node("10.0.0.1"), { trust });

  test("a number of proxies counts from the right of X-Forwarded-For", () => {
    expect(behind("198.51.100.7", 1)).toBe("198.51.100.7");
    expect(behind("203.0.113.66, 198.51.100.7", 1)).toBe("198.51.100.7");
    expect(behind("203.0.113.66, 198.51.100.7,10.0.0.2", 2)).toBe("198.51.100.7");
    expect(behind("203.0.113.66, [2001:db8::1]:443", 1)).toBe("2001:db8:0:0::/64");
  });

  test("fewer addresses than proxies, or what is no address, is nobody's", () => {
    expect(behind("198.51.100.7", 2)).toBe("unknown");
    expect(behind("203.0.113.66, _hidden", 1)).toBe("unknown");
    expect(behind("203.0.113.66,", 1)).toBe("unknown");
    expect(clientIp(request(), node("10.0.0.1"), { trust: 1 })).toBe("unknown");
  });

  test("a named header is believed, of several addresses the last", () => {
    expect(clientIp(request({ "Fly-Client-IP": "198.51.100.7" }), {}, { trust: "fly-client-ip" })).toBe("198.51.100.7");
    expect(behind("203.0.113.66, 198.51.100.7", "x-forwarded-for")).toBe("198.51.100.7");
    expect(clientIp(request(), node("10.0.0.1"), { trust: "fly-client-ip" })).toBe("unknown");
  });

  test("whatever a client puts before, the proxy's word counts", () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), (sent, address) => {
        const text = sent.replace(/[^\x20-\x7e]/g, "");
        expect(behind(`${text}, ${address}`, 1)).toBe(address);
      }),
    );
  });

  test.each([
    [{ trust: 0 }, "trust must be a whole number from 1"],
    [{ trust: 1.5 }, "trust must be a whole number from 1"],
    [{ trust: true as unknown as string }, "trust must be a whole number from 1"],
    [{ ipv6Subnet: 0 }, "ipv6Subnet must be a whole number from 1 to 128, not 0"],
    [{ onUnknownAddress: true as unknown as () => void }, "onUnknownAddress must be a function, not true"],
    [{ ipv6Subnet: 129 }, "ipv6Subnet must be a whole number from 1 to 128, not 129"],
  ])("%j is refused", (options, message) => {
    expect(() => clientIp(request({ "X-Forwarded-For": "1.2.3.4" }), {}, options)).toThrow(message);
  });
});

test("the IPv6 subnet is the caller's to set", () => {
  const info = node("2001:db8:1:2ff:3::4");
  expect(clientIp(request(), info, { ipv6Subnet: 56 })).toBe("2001:db8:1:200::/56");
  expect(clientIp(request(), info, { ipv6Subnet: 128 })).toBe("2001:db8:1:2ff:3:0:0:4/128");
});

describe("where no address is told", () => {
  /** As in an isolate that has just started. */
  async function fresh() {
    vi.resetModules();
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const fetching = await import("sluice/fetch");
    const hono = await import("sluice/hono");
    return { warned, fetching, hono };
  }
  afterEach(() => vi.restoreAllMocks());

  test("a warning says once, for all limits of the isolate, that clients share a quota", async () => {
    const { warned, fetching, hono } = await fresh();
    const { limiter } = limiterOf();
    const handler = fetching.withRateLimit(() => new Response(), { limiter });
    const app = new Hono().use(hono.rateLimit({ limiter })).get("/", (c) => c.text(""));
    expect(fetching.clientIp(request(), node("198.51.100.7"))).toBe("198.51.100.7");
    expect(warned).not.toHaveBeenCalled();
    for (let i = 0; i < 3; i += 1) {
      await handler(request());
      await app.request("/");
      fetching.clientIp(request({ "X-Forwarded-For": "_hidden" }), undefined, { trust: 1 });
    }
    expect(warned.mock.calls).toEqual([[expect.stringMatching(/^clientIp: .*"unknown".*trust/)]]);
  });

  test("onUnknownAddress is told each time, in place of the warning, and may refuse", async () => {
    const { warned, fetching, hono } = await fresh();
    const told: Request[] = [];
    const options = { onUnknownAddress: (unknown: Request) => void told.push(unknown) };
    const requests = [request(), request(spoofed)];
    for (const each of requests) expect(fetching.clientIp(each, {}, options)).toBe("unknown");
    const app = new Hono().get("/", (c) => c.text(hono.clientIp(c, options)));
    expect(await (await app.request("/")).text()).toBe("unknown");
    expect(told).toEqual([...requests, expect.any(Request)]);
    const onUnknownAddress = () => {
      throw new Error("no address");
    };
    expect(() => fetching.clientIp(request(), {}, { onUnknownAddress })).toThrow("no address");
    expect(warned).not.toHaveBeenCalled();
  });
});

describe("as the default key", () => {
  test("spoofed headers don't get a client another quota", async () => {
    const { limiter } = limiterOf();
    const handler = withRateLimit((_request: Request, _info: unknown) => new Response(), { limiter });
    const app = new Hono<{ Bindings: object }>().use(rateLimit({ limiter })).get("/", (c) => c.text("served"));
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      const headers = Object.fromEntries(Object.keys(spoofed).map((name) => [name, `203.0.113.${i}`]));
      statuses.push((await handler(request(headers), node("198.51.100.7"))).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    expect((await handler(request(spoofed), node("198.51.100.8"))).status).toBe(200);
    expect((await app.request("/", { headers: spoofed }, node("198.51.100.7"))).status).toBe(429);
  });

  test("clients without an address share a quota instead of having none", async () => {
    const { limiter } = limiterOf();
    const handler = withRateLimit(() => new Response(), { limiter });
    for (const expected of [200, 200, 429]) expect((await handler(request())).status).toBe(expected);
  });
});
