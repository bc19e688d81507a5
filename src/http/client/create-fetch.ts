import { checkFunction } from "../../core/misuse.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import { sleep as sleepFor } from "../../limiter/sleep.ts";
import { MAX_TIMER_MS } from "../../limiter/time.ts";
import { announcedBy, policiesOf } from "./announced.ts";
import { createPace, type Pace } from "./pace.ts";
import { isRepeatable } from "./repeatable.ts";
import { retryAfterOf } from "./retry-after.ts";
import type { Spread } from "./spread.ts";

export interface ClientOptions {
  /** Sends the requests. Default: the global `fetch`. */
  fetch?: typeof fetch | undefined;
  /**
   * Most ms from a call until its last attempt is sent, a whole number from 0 to 2^31 - 1. A wait that would end later is not
   * begun: the call resolves to the denial, or rejects with a `DOMException` named `"TimeoutError"` if nothing was sent. To end
   * requests themselves pass a `signal`. Default 60 000.
   */
  deadlineMs?: number | undefined;
  /**
   * The function `spread` of this module: keeps a distance between requests even while something is left, for programs that run
   * on and share a quota with others, who then leave each other room. Default: waits only where nothing is left.
   */
  spread?: Spread | undefined;
  /** Which requests share a quota. Default: those to one origin. The 1000 names that were new last are remembered. */
  scope?: ((url: URL) => string) | undefined;
  /** The clock: ms since the epoch. Default `Date.now`. */
  now?: (() => number) | undefined;
  /** Resolves after `ms`, and rejects with the signal's reason when it aborts. Default: a timer. */
  sleep?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** A number from 0 up to 1, for the jitter. Default `Math.random`. */
  random?: (() => number) | undefined;
}

/** The first denial is followed by up to this much more than was told, each further one by up to twice as much. */
const JITTER_MS = 100;

const MAX_SCOPES = 1000;

/**
 * Makes a `fetch` that keeps below the quotas which responses announce, and repeats what was denied when its time has come. It
 * repeats after 429, which says that nothing was carried out, and after 503 if the method changes nothing (GET, HEAD, OPTIONS);
 * never where nothing told how long to wait, never a body that is a stream or that came in a `Request`, and never after an error.
 * Rejects with the reason of the call's `signal` as soon as that aborts; no timer is left behind. Throws a `TypeError` or
 * `RangeError` that names the option.
 *
 *     const fetch = createFetch({ deadlineMs: 10_000 });
 */
export function createFetch(options: ClientOptions = {}): typeof fetch {
  const { deadlineMs = 60_000, spread, scope = ({ origin }: URL) => origin } = options;
  const { now = () => Date.now(), sleep = sleepFor, random = Math.random } = options;
  wholeNumber("deadlineMs", deadlineMs, 0, MAX_TIMER_MS);
  for (const name of ["fetch", "spread", "scope", "now", "sleep", "random"] as const)
    checkFunction(name, options[name]);
  const paces = new Map<string, Pace>();

  function paceOf(url: URL): Pace {
    const name = scope(url);
    const pace = paces.get(name) ?? createPace(spread?.(), random);
    paces.set(name, pace);
    const [oldest = ""] = paces.keys();
    if (paces.size > MAX_SCOPES) paces.delete(oldest);
    return pace;
  }

  return async function limitedFetch(input, init) {
    const request = input instanceof Request ? input : undefined;
    const {
      method = "GET",
      body,
      signal,
    } = { method: request?.method, body: request?.body, signal: request?.signal, ...init };
    const pace = paceOf(new URL(request?.url ?? `${input}`, globalThis.location?.href));
    const endsAt = now() + deadlineMs;
    let response: Response | undefined;
    for (let denials = 0; ; denials++) {
      const waitMs = pace.take(now(), endsAt - now());
      if (waitMs === undefined) {
        if (response) return response;
        throw new DOMException(`The quota leaves nothing within ${deadlineMs} ms`, "TimeoutError");
      }
      try {
        // Unread bodies keep their connection.
        await response?.body?.cancel();
        if (waitMs > 0) await sleep(waitMs, signal ?? undefined);
        response = await (options.fetch ?? fetch)(input, init);
      } catch (error) {
        pace.leave();
        throw error;
      }
      const isDenied = response.status === 429 || response.status === 503;
      const toldMs = isDenied ? await retryAfterOf(response, now()) : 0;
      const jitterMs = isDenied ? random() * JITTER_MS * 2 ** denials : 0;
      pace.learn(announcedBy(response, now(), policiesOf(response)), now(), isDenied ? (toldMs ?? 0) + jitterMs : 0);
      if (!isDenied || toldMs === undefined || !isRepeatable({ method, body }, response.status)) return response;
    }
  };
}
