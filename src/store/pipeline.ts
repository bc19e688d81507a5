import { errorCode } from "./redis-error.ts";
import { resultOf } from "./rest-reply.ts";
import { type Command, type Digests, digestsOfRepeated, type Sharing, shareScripts } from "./shared-scripts.ts";

/** Sends commands in one request and gives the replies in their order; ends with `signal`. */
type SendAll = (commands: readonly Command[], signal: AbortSignal) => Promise<unknown>;

interface Call extends Sharing {
  readonly signal: AbortSignal | undefined;
  resolve(result: unknown): void;
  reject(reason: unknown): void;
}

/** Requests under way at once: while one is answered, the next is on its way. */
const MOST_UNDER_WAY = 2;

/** The most commands that servers take in one request. */
const MOST_COMMANDS = 1000;

/**
 * Sends a call at once while fewer than two requests are under way; calls made meanwhile wait for one of them and then
 * share a request. So the wait is at most one round trip, and a single caller never waits.
 */
export function createPipeline(sendAll: SendAll): (command: Command, signal?: AbortSignal) => Promise<unknown> {
  let waiting: Call[] = [];
  let underWay = 0;

  async function work() {
    underWay += 1;
    while (waiting.length > 0) {
      const calls = waiting.slice(0, MOST_COMMANDS);
      waiting = waiting.slice(MOST_COMMANDS);
      const digests = digestsOfRepeated(calls);
      // Waits only if there are any, so that a call of its own is sent at once.
      const known = digests && (await digests);
      waiting.push(...(await answer(calls.filter(isWanted), known, sendAll)));
    }
    underWay -= 1;
  }

  return (command, signal) =>
    new Promise((resolve, reject) => {
      waiting.push({ command, signal, misses: 0, resolve, reject });
      if (underWay < MOST_UNDER_WAY) work();
    });
}

/** A call that its caller gave up on while it waited is not sent: nobody would know what it took. */
function isWanted({ signal, reject }: Call): boolean {
  if (!signal?.aborted) return true;
  reject(signal.reason);
  return false;
}

/** Sends calls in one request and settles them. Gives back those that have not run since Redis did not know their script. */
async function answer(calls: readonly Call[], digests: Digests | undefined, sendAll: SendAll): Promise<Call[]> {
  if (calls.length === 0) return [];
  const { commands, reliesOn } = shareScripts(calls, digests);
  const { signal, end } = whenAllAbort(calls);
  const missed: Call[] = [];
  try {
    const replies = await sendAll(commands, signal);
    // One error instead of a list is everybody's, such as a token that is not known.
    const replyTo = (i: number) => (Array.isArray(replies) ? replies[i] : replies);
    for (const [i, call] of calls.entries()) {
      const other = reliesOn[i];
      if (other === undefined || !isMiss(replyTo(i))) settle(call, replyTo(i));
      // Not compiled: it hears what the other call heard.
      else if (replyTo(other)?.error) settle(call, replyTo(other));
      else missed.push({ ...call, misses: call.misses + 1 });
    }
  } catch (error) {
    for (const { reject } of calls) reject(error);
  } finally {
    end();
  }
  return missed;
}

const isMiss = (reply: { error?: unknown } | undefined) => errorCode(reply?.error) === "NOSCRIPT";

function settle({ resolve, reject }: Call, reply: unknown): void {
  try {
    resolve(resultOf(reply));
  } catch (error) {
    reject(error);
  }
}

/** A signal that aborts once every call's own has: then nobody waits for the request any more. */
function whenAllAbort(calls: readonly Call[]) {
  const all = new AbortController();
  let left = calls.length;
  const onAbort = () => {
    left -= 1;
    if (left === 0) all.abort();
  };
  for (const { signal } of calls) signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: all.signal,
    end() {
      for (const { signal } of calls) signal?.removeEventListener("abort", onAbort);
    },
  };
}
