import type { Judge } from "./judge.ts";

export function endingsJudge(): Judge {
  /** Calls that are answered and wait for nothing. */
  const over = new Set<number>();
  return {
    name: "endings",
    promise:
      "Nothing happens after the end: an answered call has no timer left and asks nothing more, but for work that the platform was told to wait for, and for the place that a waiter who leaves gives back as far as its platform lets it.",
    see(happening, { complain }) {
      if (happening.type === "sent" && over.has(happening.call.id)) {
        const { call, command } = happening;
        complain(`${call.operation} on ${call.key} has sent ${command} after its end`);
      }
      if (happening.type !== "answered" && happening.type !== "rejected") return;
      const { call, timers, tasks } = happening;
      if (tasks > 0) return;
      // Without waitUntil the request that gives the place back goes on by itself, and has a deadline.
      if (happening.type === "rejected" && call.operation === "wait" && timers === 1) return;
      if (timers > 0) complain(`${call.operation} on ${call.key} has left ${timers} timers behind`);
      over.add(call.id);
    },
  };
}
