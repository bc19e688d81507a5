import type { Random } from "../../test/support/random.ts";
import { zipf } from "../../test/support/zipf.ts";
import type { Isolate } from "./isolate.ts";

/** One call of somebody, to be made through an isolate. */
export type Call = (isolate: Isolate) => Promise<unknown>;

const ATTACKER = "203.0.113.66";
const MOST_TENANTS = 400;

/** The same call again and again. */
const inTurn =
  (times: number, call: Call): Call =>
  async (isolate) => {
    for (let i = 0; i < times; i += 1) await call(isolate);
  };

/** Draws calls: who comes is by Zipf's law, and somebody tries passwords. */
export function crowdOf(random: Random) {
  const tenant = zipf(MOST_TENANTS, random);
  const address = () => `198.51.100.${tenant() % 250}`;

  function usual(): Call {
    const kind = random.next();
    const rank = tenant();
    if (kind < 0.55) return ({ limiters }) => limiters.api.consume(`tenant:${rank}`);
    if (kind < 0.8) return ({ limiters }) => limiters.search.consume(`user:${rank}`);
    if (kind < 0.9) return ({ limiters }) => limiters.login.consume(address());
    const key = { org: `org:${rank % 12}`, user: `user:${rank}` };
    return ({ limiters }) => limiters.checkout.consume(key);
  }

  return {
    usual,
    /** Many calls of one tenant, some at a time. */
    burst: (calls: number): Call[] =>
      Array.from({ length: 4 }, () => inTurn(calls / 4, ({ limiters }) => limiters.api.consume("tenant:batch-import"))),
    attack: (calls: number): Call => inTurn(calls, ({ limiters }) => limiters.login.consume(ATTACKER)),
    /** A piece of work that goes on for a while. */
    work: (): Call => {
      const key = `tenant:${tenant() % 5}`;
      return ({ limiters }) => limiters.exports.hold(key);
    },
  };
}
