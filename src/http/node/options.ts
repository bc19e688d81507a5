import type { ServerResponse } from "node:http";
import type { Limiter } from "../../limiter/limiter.ts";
import type { Limiting, RateLimitOptions } from "../options.ts";

type Awaitable<T> = T | Promise<T>;

/** The options of the middleware for Node's frameworks; their functions get what handlers of the framework get. */
export interface NodeRateLimitOptions<Subject, Info extends readonly unknown[], L extends Limiting = Limiter>
  extends Omit<RateLimitOptions<Subject, Info, Subject, L>, "refundOn"> {
  /**
   * True: the cost is given back, so that only failed logins, or only successes, count. It runs when the response has been
   * sent, or its connection is gone, and reads its `statusCode`; not if nothing of it was sent. Nobody waits for it.
   */
  refundOn?: ((response: ServerResponse, subject: Subject, ...info: Info) => Awaitable<boolean>) | undefined;
}
