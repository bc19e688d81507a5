import { type Context, Hono } from "hono";
import { createLimiter, type LimiterEvent, leases, redisStore, rules, slidingWindow, tokenBucket } from "sluice";
import { analytics } from "sluice/analytics";
import { dashboard } from "sluice/dashboard";
import { clientIp, firstOf, header, rateLimit } from "sluice/hono";
import { upstashClient } from "sluice/upstash";

interface Env {
  Bindings: {
    UPSTASH_REDIS_REST_URL: string;
    UPSTASH_REDIS_REST_TOKEN: string;
    /** Under which hosts, separated by spaces, the dashboard is open to all: those of this machine, set by `npm start` alone. */
    DASHBOARD_HOSTS?: string;
  };
}

const clientOf = ({ UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token }: Env["Bindings"]) =>
  upstashClient({ url, token });

/** Nothing is sent, and no timer starts, before the first check. */
function createLimiters(bindings: Env["Bindings"]) {
  const redis = clientOf(bindings);
  const store = redisStore(redis);
  const bucket = tokenBucket({ name: "bucket", limit: 5, window: "10 s", burst: 10 });
  const window = slidingWindow({ name: "window", limit: 10, window: "10 s" });
  const hot = tokenBucket({ name: "hot", limit: 100, window: "10 s" });
  // Sooner than usual, for those who watch: figures by default wait for a minute, rules for ten seconds.
  const onEvent = [see, analytics({ redis, flushMs: 2000 })];
  const shared = { store, onEvent, rules: rules({ redis, refreshMs: 2000 }) };
  return {
    bucket: createLimiter({ ...shared, name: "demo-bucket", policies: [bucket] }),
    window: createLimiter({ ...shared, name: "demo-window", policies: [window] }),
    hot: createLimiter({ ...shared, name: "demo-hot", policies: [hot] }),
    leased: createLimiter({ ...shared, name: "demo-leased", policies: [hot], leases: leases({ maxMs: 2000 }) }),
  };
}

/** How often Redis was asked for requests that count, by limiter, since somebody was told. */
const asked = new Map<string, number>();

/** Counts checks that went to Redis, and leases renewed behind an answer; the page's own looks don't count. */
function see(event: LimiterEvent) {
  const isOne =
    event.type === "store" ? event.purpose === "lease" : event.operation === "consume" && event.storeMs !== undefined;
  if (isOne) asked.set(event.limiter, (asked.get(event.limiter) ?? 0) + 1);
}

let limiters: ReturnType<typeof createLimiters> | undefined;

/** Made by an isolate's first request and kept, with what they have seen, for as long as the isolate lives. */
function limitersOf({ env }: Context<Env>) {
  limiters ??= createLimiters(env);
  return limiters;
}

/** Each API key has its own quota; requests without one share that of their address. */
const key = firstOf(header("x-api-key"), (c: Context<Env>) => clientIp(c));

const app = new Hono<Env>();

// Whether Redis was asked, this isolate knew already, or nobody could tell; for those who watch.
app.use("/api/*", async (c, next) => {
  await next();
  const decision = c.get("rateLimit");
  if (decision) c.header("x-decided-by", decision.source);
});

/** Says how often Redis was asked since the answer before. */
const tells = (name: string) => async (c: Context<Env>, next: () => Promise<void>) => {
  await next();
  c.header("x-redis-asked", `${asked.get(name) ?? 0}`);
  asked.delete(name);
};

app.use("/api/bucket", tells("demo-bucket"));
app.use("/api/window", tells("demo-window"));
app.use("/api/hot", tells("demo-hot"));
app.use("/api/leased", tells("demo-leased"));

app.use("/api/bucket", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).bucket, key }));
app.use("/api/window", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).window, key }));
app.use("/api/hot", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).hot, key }));
app.use("/api/leased", rateLimit({ limiter: (c: Context<Env>) => limitersOf(c).leased, key }));

// The decision is the answer here; your own handlers have something better to say.
app.get("/api/bucket", (c) => c.json(c.get("rateLimit")));
app.get("/api/window", (c) => c.json(c.get("rateLimit")));
app.get("/api/hot", (c) => c.json(c.get("rateLimit")));
app.get("/api/leased", (c) => c.json(c.get("rateLimit")));

// What the page shows between requests: looked at, nothing taken.
app.get("/api/status", async (c) => {
  const whose = (await key(c)) as string;
  const { bucket, window, hot, leased } = limitersOf(c);
  const third = c.req.query("leases") === undefined ? hot : leased;
  const [bucketNow, windowNow, hotNow] = await Promise.all([bucket, window, third].map((one) => one.peek(whose)));
  const status = { bucket: bucketNow, window: windowNow, hot: hotNow, dashboard: mayOperate(c.req.raw, c.env) };
  return c.json(status, 200, { "cache-control": "no-store" });
});

/** On this machine whoever opens it operates it; deployed nobody does, until you ask your own login here. */
function mayOperate({ url }: Request, { DASHBOARD_HOSTS = "" }: Env["Bindings"]): boolean {
  return DASHBOARD_HOSTS.split(" ").includes(new URL(url).host);
}

app.on(["GET", "POST"], ["/dashboard", "/dashboard/*"], (c) => {
  const authorize = (request: Request) => mayOperate(request, c.env);
  return dashboard({ redis: clientOf(c.env), authorize, path: "/dashboard", refreshMs: 5000 })(c.req.raw);
});

export default app;
