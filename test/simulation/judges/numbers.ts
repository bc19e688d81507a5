import { GRACE_MS, type Ruling } from "./accounts.ts";
import type { Judge } from "./judge.ts";

export function numbersJudge(): Judge {
  /** The last ruling for each call under way. */
  const last = new Map<number, Ruling>();
  return {
    name: "numbers",
    promise:
      "What a decision of the store says is what the definitions say: what remains of each policy, after how many ms by the caller's clock this cost passes with nothing else taken, to the millisecond, and after how many all is whole again; for clocks that are behind by no more than a second.",
    see(happening, { rulings, complain }) {
      for (const ruling of rulings) if (ruling.purpose !== "leave") last.set(ruling.call.id, ruling);
      if (happening.type === "rejected") last.delete(happening.call.id);
      if (happening.type !== "answered") return;
      const ruling = last.get(happening.call.id);
      last.delete(happening.call.id);
      const { decision, call } = happening;
      if (decision?.source !== "store") return;
      if (!ruling) return complain(`${call.operation} on ${call.key} was answered by a store that it did not reach`);
      const say = (what: string, said: unknown, due: unknown) =>
        complain(`${call.operation} of ${call.cost} on ${call.key}: ${what} is ${said} and must be ${due}`);

      const remaining = decision.policies.map((status) => status.remaining);
      if (remaining.join() !== ruling.remaining.join()) say("remaining", remaining, ruling.remaining);
      if (decision.allowed !== (ruling.purpose === "look" ? ruling.allows : ruling.step.allowed)) {
        say("allowed", decision.allowed, ruling.allows);
      }
      const leadMs = ruling.at - ruling.step.now;
      // A clock further behind is told to come back when the key has ended at the latest: see the judge of retries.
      if (leadMs > GRACE_MS) return;
      const retryAfterMs = decision.allowed || ruling.retryAfterMs === 0 ? 0 : ruling.retryAfterMs + leadMs;
      if (decision.retryAfterMs !== retryAfterMs) say("retryAfterMs", decision.retryAfterMs, retryAfterMs);
      const resetAfterMs = ruling.wholeAfterMs === 0 ? 0 : ruling.wholeAfterMs + leadMs;
      if (decision.resetAfterMs !== resetAfterMs) say("resetAfterMs", decision.resetAfterMs, resetAfterMs);
    },
  };
}
