import type { Decision } from "../../../src/core/decision.ts";
import { GRACE_MS, type Ruling } from "./accounts.ts";
import type { Judge } from "./judge.ts";
import { memberOf } from "./levels.ts";

type Known = Exclude<Decision, { readonly source: "fallback" | "rule" | "penalty" }>;

export function numbersJudge(): Judge {
  /** The last rulings for each call under way: one for each of its limiters. */
  const last = new Map<number, readonly Ruling[]>();
  return {
    name: "numbers",
    promise:
      "What a decision of the store says is what the definitions say: what remains of each policy, after how many ms by the caller's clock this cost passes with nothing else taken, to the millisecond, and after how many all is whole again; for clocks that are behind by no more than a second. Of several limiters together each says what it alone would say, and the whole the longest of their times.",
    see(happening, { rulings, complain }) {
      const [first] = rulings;
      if (first && first.purpose !== "leave") {
        const { id, limiter } = first.call;
        last.set(id, limiter.members ? [...(last.get(id) ?? []), ...rulings] : rulings);
      }
      if (happening.type === "rejected") last.delete(happening.call.id);
      if (happening.type !== "answered") return;
      const { decision, call } = happening;
      const member = memberOf(call, decision);
      const seen = last.get(call.id)?.filter((ruling) => ruling.member === member);
      last.delete(call.id);
      if (decision?.source !== "store") return;
      // Who settles again hears of the first time.
      if (!seen && call.operation === "settle") return;
      if (!seen?.length)
        return complain(`${call.operation} on ${call.key} was answered by a store that it did not reach`);
      const say = (key: string, what: string, said: unknown, due: unknown) =>
        complain(`${call.operation} of ${call.cost} on ${key}: ${what} is ${said} and must be ${due}`);

      const parts = "parts" in decision ? (decision.parts as Readonly<Record<string, Known | undefined>>) : undefined;
      for (const ruling of seen) {
        const own = parts ? parts[ruling.account.rule.name] : decision;
        if (!own) return complain(`${call.key} was answered without a word of ${ruling.account.rule.name}`);
        // What denies alone or only together with others is not the same.
        const allowed = !parts && ruling.purpose !== "look" ? ruling.step.allowed : ruling.allows;
        compare(own, ruling, allowed, (what, said, due) => say(ruling.key, what, said, due));
      }
      if (!parts) return;
      const whole = seen.every(({ allows }) => allows);
      if (decision.allowed !== whole) say(call.key, "allowed", decision.allowed, whole);
      for (const time of ["retryAfterMs", "resetAfterMs"] as const) {
        const longest = Math.max(...Object.values(parts).map((own) => own?.[time] ?? 0));
        if (decision[time] !== longest) say(call.key, time, decision[time], longest);
      }
    },
  };
}

function compare(
  decision: Known,
  ruling: Ruling,
  allowed: boolean,
  say: (what: string, said: unknown, due: unknown) => void,
): void {
  // Of a limit of 0 nothing is counted.
  if (ruling.policies.some(({ limit }) => limit === 0)) return;
  const remaining = decision.policies.map((status) => status.remaining);
  if (remaining.join() !== ruling.remaining.join()) say("remaining", remaining, ruling.remaining);
  if (decision.allowed !== allowed) say("allowed", decision.allowed, allowed);
  const leadMs = ruling.at - ruling.step.now;
  // A clock further behind is told to come back when the key has ended at the latest: see the judge of retries.
  if (leadMs > GRACE_MS) return;
  const retryAfterMs = decision.allowed || ruling.retryAfterMs === 0 ? 0 : ruling.retryAfterMs + leadMs;
  if (decision.retryAfterMs !== retryAfterMs) say("retryAfterMs", decision.retryAfterMs, retryAfterMs);
  const resetAfterMs = ruling.wholeAfterMs === 0 ? 0 : ruling.wholeAfterMs + leadMs;
  if (decision.resetAfterMs !== resetAfterMs) say("resetAfterMs", decision.resetAfterMs, resetAfterMs);
}
