import { createLimiter, memoryStore, tokenBucket } from "sluice";
import { withRateLimit } from "sluice/fetch";

/** As much of SvelteKit's `RequestEvent` as a limit needs. */
interface Event {
  readonly request: Request;
  getClientAddress(): string;
}

interface Handled<E extends Event> {
  event: E;
  resolve: (event: E) => Response | Promise<Response>;
}

const limiter = createLimiter({
  name: "site",
  store: memoryStore(),
  policies: [tokenBucket({ limit: 5, window: "10 s" })],
});

const limited = withRateLimit((_request: Request, { event, resolve }: Handled<Event>) => resolve(event), {
  limiter,
  key: (_request, { event }) => event.getClientAddress(),
});

/** `handle` of src/hooks.server.ts. */
export const handle = <E extends Event>({ event, resolve }: Handled<E>): Promise<Response> =>
  limited(event.request, { event, resolve: resolve as Handled<Event>["resolve"] });
