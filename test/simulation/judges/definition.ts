import type { Judge } from "./judge.ts";

export function definitionJudge(): Judge {
  return {
    name: "definition",
    promise:
      "A database takes a cost if and only if every policy's definition, of all limiters that it asks together, allows it at the time that counts: the latest that any call taken on this key has brought, while clocks and delays together differ by no more than a second; beyond that, the latest within one life of the key.",
    see(_happening, { rulings, complain }) {
      for (const { step, purpose, allAllow, at, units, remaining, call, key } of rulings) {
        // What a caller who leaves gets back depends on who queued behind it.
        if (purpose === "leave") continue;
        const allowed = purpose === "look" ? false : allAllow;
        if (step.allowed === allowed) continue;
        const what = `${call.operation} of ${units.join(", ")} on ${key}, counted at ${at},`;
        if (step.allowed) complain(`${what} was taken though the definition forbids it`);
        else complain(`${what} was denied though the definition leaves ${remaining.join(", ")}`);
      }
    },
  };
}
