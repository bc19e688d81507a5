import { type Actions, fail } from "@sveltejs/kit";
import { createLimiter, memoryStore, slidingLog } from "sluice";
import { clientIp, fieldsOf } from "sluice/fetch";

const limiter = createLimiter({
  name: "sign-in",
  store: memoryStore(),
  policies: [slidingLog({ name: "sign-in", limit: 3, window: "15 m" })],
});

export const actions: Actions = {
  default: async (event) => {
    const decision = await limiter.consume(clientIp(event.request, event));
    event.setHeaders(fieldsOf(decision));
    if (decision.allowed) return { message: "Welcome" };
    return fail(429, { message: `Try again in ${Math.ceil(decision.retryAfterMs / 1000)} s` });
  },
};
