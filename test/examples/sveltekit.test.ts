import { cp, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { type Example, exampleOf } from "./example.ts";
import { expectLimit } from "./expect-limit.ts";
import { repository, run, serves, start, tool } from "./processes.ts";

let example: Example;

beforeAll(async () => {
  example = await exampleOf("sveltekit", { dev: true });
});

afterAll(() => example?.end());

const program = (name: string) => join(example.folder, "node_modules/.bin", name);

test("sveltekit: vite dev", async () => {
  const port = await freePort();
  const command = [program("vite"), "dev", "--host", "127.0.0.1", "--strictPort", "--port", `${port}`] as const;
  const server = await start(command, example.folder, { TMPDIR: example.folder }, serves("vite dev", port));
  try {
    await expectLimit(`http://127.0.0.1:${port}/api/hello`);
    expect(await example.redis.keys("*")).toEqual(["hello:b10s:127.0.0.1"]);
  } finally {
    // It writes to the folder that is built below, and starts again where files change.
    await server.stop();
  }
});

/** With more routes than the example has, to ask for all that SvelteKit answers. */
describe("sveltekit: vite build, node build", () => {
  const PROXY = { ADDRESS_HEADER: "x-forwarded-for", XFF_DEPTH: "1" };
  let url: string;
  let remote: string;

  /** What a client at this address gets through its proxy; it may send what it likes before. */
  const from = (address: string, path: string, { headers, ...init }: RequestInit = {}) =>
    fetch(url + path, {
      redirect: "manual",
      ...init,
      headers: { "x-forwarded-for": `203.0.113.66, ${address}`, ...headers },
    });

  /** A form as a browser sends it, or as `use:enhance` does. */
  const form = (fields: Record<string, string>, enhanced: boolean): RequestInit => ({
    method: "POST",
    body: new URLSearchParams(fields),
    headers: {
      origin: url.replace("http:", "https:"),
      accept: enhanced ? "application/json" : "text/html",
      ...(enhanced && { "x-sveltekit-action": "true" }),
    },
  });

  const KINDS: Record<string, () => readonly [path: string, init?: RequestInit]> = {
    "an endpoint": () => ["/api/hello"],
    "an endpoint whose response can't be changed": () => ["/proxied"],
    "a page": () => ["/page"],
    "a page's data": () => ["/page/__data.json"],
    "a page's HEAD": () => ["/page", { method: "HEAD" }],
    "a page that there is not": () => ["/nowhere"],
    "a form action": () => ["/page", form({ name: "ada" }, false)],
    "a form action that fails": () => ["/page", form({}, false)],
    "a form action with use:enhance": () => ["/page", form({ name: "ada" }, true)],
    "a remote function": () => [`/_app/remote/${remote}/greeting`],
  };
  const kinds = Object.entries(KINDS).map(([kind, request], i) => ({ kind, request, address: `192.0.2.${i + 1}` }));

  /** How often Redis was asked to decide meanwhile. */
  async function checks(task: () => Promise<unknown>): Promise<number> {
    const before = await decided();
    await task();
    return (await decided()) - before;
  }

  async function decided(): Promise<number> {
    const { UPSTASH_REDIS_REST_URL: rest = "", UPSTASH_REDIS_REST_TOKEN: token } = example.environment;
    const body = JSON.stringify(["INFO", "commandstats"]);
    const reply = await fetch(rest, { method: "POST", headers: { authorization: `Bearer ${token}` }, body });
    const { result } = (await reply.json()) as { result: string };
    return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(result)?.[1]);
  }

  /** Asks until it is denied. */
  async function denied(ask: (time: number) => Promise<Response>): Promise<Response> {
    for (let time = 0; time < 50; time += 1) {
      const response = await ask(time);
      if (response.status === 429) return response;
      await response.text();
    }
    throw new Error("never denied");
  }

  beforeAll(async () => {
    await cp(join(repository, "test/examples/sveltekit"), example.folder, { recursive: true });
    const config = join(example.folder, "svelte.config.js");
    const code = await readFile(config, "utf8");
    const more = code.replace("adapter: adapter()", "$&, experimental: { remoteFunctions: true }");
    expect(more).not.toBe(code);
    await writeFile(config, more);
    // Where apps are built there is no database: what asked it would fail the build.
    await rename(join(example.folder, ".env"), join(example.folder, ".env.later"));
    await run(program("vite"), ["build"], example.folder);
    await rename(join(example.folder, ".env.later"), join(example.folder, ".env"));
    const manifest = await readFile(join(example.folder, ".svelte-kit/output/server/manifest.js"), "utf8");
    remote = /remotes: \{\s+'(\w+)'/.exec(manifest)?.[1] ?? "";
    url = await example.serve(() => ["node", "--env-file=.env", "build"], PROXY);
  });

  test("type-checks", async () => {
    await run("node", [tool("typescript/bin/tsc"), "-p", "."], example.folder);
  });

  test("by the connection's peer, without a proxy", async () => {
    await example.redis.flushdb();
    const direct = await example.serve(() => ["node", "--env-file=.env", "build"]);
    await expectLimit(`${direct}/api/hello`, { headers: { "x-forwarded-for": "192.0.2.99" } });
    expect(await example.redis.keys("*")).toEqual(["hello:b10s:127.0.0.1"]);
  });

  test("behind a proxy by the address that it tells, IPv6 by its network; without one all are one", async () => {
    await example.redis.flushdb();
    const addresses = ["192.0.2.98", "2001:db8:1:2:3::4", "2001:db8:1:2:ffff::1"];
    for (const address of addresses) await from(address, "/api/hello");
    expect((await fetch(`${url}/api/hello`)).status).toBe(200);
    const keys = ["192.0.2.98", "2001:db8:1:2::/64", "unknown"].map((address) => `hello:b10s:${address}`);
    expect((await example.redis.keys("*")).sort()).toEqual(keys);
  });

  test("what is prerendered is a file, which no limit stands before", async () => {
    await denied(() => from("192.0.2.97", "/api/hello"));
    const response = await from("192.0.2.97", "/");
    expect([response.status, response.headers.get("RateLimit")]).toEqual([200, null]);
    expect(await response.text()).toContain("Prerendered");
  });

  test.each(kinds)("$kind counts once and tells the quota", async ({ kind, request, address }) => {
    const [path, init] = request();
    await from("192.0.2.96", "/api/hello");
    let response = new Response();
    const asked = await checks(async () => {
      response = await from(address, path, init);
    });
    expect(asked).toBe(1);
    expect(response.status).toBe({ "a page that there is not": 404, "a form action that fails": 400 }[kind] ?? 200);
    expect(response.headers.get("RateLimit")).toMatch(/^"5-per-10s";r=4;t=\d+$/);
    expect(response.headers.get("RateLimit-Policy")).toBe('"5-per-10s";q=5;w=10');
    if (path === "/page" && init === undefined) {
      expect(await response.text()).toContain("Hello world, nobody");
      expect([response.headers.get("x-own"), response.headers.getSetCookie().length]).toEqual(["page", 1]);
    }
  });

  test.each(kinds)(
    "$kind is denied in words that SvelteKit's client understands",
    async ({ kind, request, address }) => {
      const [path, init] = request();
      // Whatever page a client says that its remote call comes from.
      const response = await denied((time) =>
        from(address, path, { ...init, headers: { ...init?.headers, "x-sveltekit-pathname": `/p${time}` } }),
      );
      expect(Number(response.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
      expect(response.headers.get("RateLimit")).toMatch(/^"5-per-10s";r=0;t=\d+$/);
      const problem = { status: 429, title: "Quota Exceeded" };
      if (init?.method === "HEAD") expect(await response.text()).toBe("");
      else if (kind.endsWith("use:enhance")) {
        expect(await response.json()).toEqual({ type: "error", error: { message: "Too many requests" } });
      } else expect(await response.json()).toMatchObject(problem);
    },
  );

  test("a page that the browser has already counts, too, and its 304 has no fields", async () => {
    const etag = (await from("192.0.2.95", "/page")).headers.get("etag") ?? "";
    let response = new Response();
    const asked = await checks(async () => {
      response = await from("192.0.2.95", "/page", { headers: { "if-none-match": etag } });
    });
    expect([asked, response.status, response.headers.get("RateLimit")]).toEqual([1, 304, null]);
  });

  test("an action with a limit of its own adds its fields and answers with its page", async () => {
    const response = await denied(() => from("192.0.2.94", "/sign-in", form({}, false)));
    expect(await response.text()).toMatch(/<p>Try again in \d+ s<\/p>/);
    expect(Number(response.headers.get("Retry-After"))).toBeGreaterThan(10);
    expect(response.headers.get("RateLimit")).toMatch(/^"sign-in";r=0;t=\d+, "5-per-10s";r=\d;t=\d+$/);
  });
});
