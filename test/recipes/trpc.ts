import { initTRPC, TRPCError } from "@trpc/server";
import { createLimiter, memoryStore, tokenBucket } from "sluice";
import { fieldsOf } from "sluice/fetch";

/** What the adapter's createContext returns; `resHeaders` is what it gets from tRPC's fetch adapter. */
interface Context {
  user: { id: string };
  resHeaders: Headers;
}

const limiter = createLimiter({
  name: "api",
  store: memoryStore(),
  policies: [tokenBucket({ limit: 5, window: "10 s" })],
});

const t = initTRPC.context<Context>().create();

const limited = t.procedure.use(async ({ ctx, next, path }) => {
  const decision = await limiter.consume(`${ctx.user.id} ${path}`);
  for (const [name, value] of Object.entries(fieldsOf(decision))) ctx.resHeaders.set(name, value);
  if (decision.allowed) return next();
  throw new TRPCError({ code: decision.source === "fallback" ? "SERVICE_UNAVAILABLE" : "TOO_MANY_REQUESTS" });
});

export const router = t.router({ hello: limited.query(({ ctx }) => `Hello ${ctx.user.id}`) });
