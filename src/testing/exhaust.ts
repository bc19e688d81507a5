import type { KnownDecision } from "../core/decision.ts";
import type { Amount } from "../limiter/amounts.ts";
import type { Limiter } from "../limiter/limiter.ts";

/**
 * Takes all that is left of a key's quota, so that the next call is denied; resolves to what that call would be told. Of several
 * policies the scarcest is used up, or the one that `policy` names. `limit`: limits for these calls, as for `consume`. Throws an
 * `Error` if the store can't be asked, if there is no such policy, and if nothing is limited.
 *
 *     await exhaust(limiter, "alice");
 */
export async function exhaust(
  limiter: Limiter,
  key: string,
  { policy, limit }: { policy?: string | undefined; limit?: Amount | undefined } = {},
): Promise<KnownDecision> {
  const before = known(await limiter.peek(key, { limit }));
  const mine = before.policies.filter((status) => policy === undefined || status.policy === policy);
  const least = Math.min(...mine.map(({ remaining }) => remaining));
  if (least === Infinity) {
    const names = before.policies.map((status) => status.policy).join(", ");
    throw new Error(`Nothing to use up: ${policy ?? "no policy"} of ${names} limits ${limiter.name}`);
  }
  if (least > 0) await limiter.consume(key, { limit, cost: policy === undefined ? least : { [policy]: least } });
  return known(await limiter.peek(key, { limit, ...(policy !== undefined && { cost: { [policy]: 1 } }) }));
}

function known(decision: Awaited<ReturnType<Limiter["peek"]>>): KnownDecision {
  if (decision.source === "fallback") throw new Error("The store could not be asked", { cause: decision.error });
  if (decision.source === "penalty") throw new Error("This key is blocked");
  if (decision.source === "rule") throw new Error("A rule decides about this key, so that it has no quota");
  return decision;
}
