import { GRACE_MS } from "./accounts.ts";
import type { Judge } from "./judge.ts";

export function livesJudge(): Judge {
  return {
    name: "lives",
    promise:
      "By the database's clock, what was written to a key is known at least until the definitions say that nothing of it counts any more, and no longer than a second after the longest time for which a window or a bucket can count; every key has an end.",
    see(happening, { rulings, complain }) {
      if (happening.type !== "executed") return;
      for (const { account, step, before } of rulings) {
        if (step.wrote && step.endsAt === undefined && account.rule.policies[0]?.kind !== "log") {
          complain(`${step.key} was written without an end`);
        }
        if (!before) continue;
        const sinceMs = happening.now - before.at;
        if (step.continued && sinceMs > before.mostMs + GRACE_MS) {
          complain(
            `${step.key} was known ${sinceMs} ms after it was written, ${before.mostMs} ms and a second were enough`,
          );
        }
        if (!step.continued && sinceMs < before.countsMs) {
          complain(`${step.key} was forgotten after ${sinceMs} ms, though it counts for ${before.countsMs} ms`);
        }
      }
    },
  };
}
