import type { CallMade, Happening } from "../world/history.ts";
import type { Judge } from "./judge.ts";
import { levelsOf } from "./levels.ts";

/** What a timer may be late: `setTimeout` knows no less than 1 ms, and a deadline looks twice. */
const SLACK_MS = 2;

interface UnderWay {
  readonly call: CallMade;
  readonly since: number;
  /** Ms meanwhile in which the isolate was frozen. */
  frozenMs: number;
}

export function deadlinesJudge(): Judge {
  const byIsolate = new Map<number, Map<number, UnderWay>>();
  const frozenSince = new Map<number, number>();

  function over(happening: Extract<Happening, { type: "answered" | "rejected" }>, complain: (text: string) => void) {
    const { call, at } = happening;
    const calls = byIsolate.get(call.isolate);
    const underWay = calls?.get(call.id);
    if (!calls?.delete(call.id) || !underWay) return complain(`${call.operation} on ${call.key} was answered twice`);
    const tookMs = at - underWay.since - underWay.frozenMs;
    // What a bucket lends is slept for after the answer, which may take its time as well.
    const readMs = Math.max(0, ...levelsOf(call).map(({ rule }) => (rule.rules ? rule.timeoutMs : 0)));
    const ownMs = call.limiter.timeoutMs + readMs + (call.operation === "wait" ? call.waitMs : 0);
    const inTurn = (call.limiter.members?.length ?? 1) + Number(readMs > 0);
    if (tookMs > ownMs + SLACK_MS * inTurn)
      complain(`${call.operation} on ${call.key} took ${tookMs} ms, at most ${ownMs} ms`);
  }

  return {
    name: "deadlines",
    promise:
      "Every call on an isolate that lives is answered, once, and by its deadline: the limiter's `timeoutMs`, of several asked in order the sum of theirs, for `wait` its own, and as long again where operators' rules are read before it; what an isolate is frozen for is not counted.",
    see(happening, { complain }) {
      switch (happening.type) {
        case "called": {
          const { call, at } = happening;
          const calls = byIsolate.get(call.isolate) ?? new Map<number, UnderWay>();
          byIsolate.set(call.isolate, calls.set(call.id, { call, since: at, frozenMs: 0 }));
          break;
        }
        case "killed":
          byIsolate.delete(happening.isolate);
          break;
        case "frozen":
          frozenSince.set(happening.isolate, happening.at);
          break;
        case "thawed": {
          const forMs = happening.at - (frozenSince.get(happening.isolate) ?? happening.at);
          for (const underWay of byIsolate.get(happening.isolate)?.values() ?? []) underWay.frozenMs += forMs;
          break;
        }
        case "answered":
        case "rejected":
          over(happening, complain);
          break;
        case "ended":
          for (const calls of byIsolate.values()) {
            for (const { call } of calls.values()) complain(`${call.operation} on ${call.key} was never answered`);
          }
          break;
        default:
      }
    },
  };
}
