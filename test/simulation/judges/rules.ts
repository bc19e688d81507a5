import type { CallMade, Happening, RuleMade } from "../world/history.ts";
import type { Judge } from "./judge.ts";
import { levelsOf } from "./levels.ts";
import { createReadings, LATELY_MS, ruleFor, SOON_MS } from "./readings.ts";

export interface RuleFigures {
  /** Times that operators changed the rules. */
  changes: number;
  /** Reads of the rules that came back, and those that told of a change. */
  reads: number;
  news: number;
  /** Answers of isolates that knew each change which they had to know by then. */
  inTime: number;
  /** Answers that a rule had to give: denied, and let pass. */
  blocked: number;
  allowed: number;
}

export const noRuleFigures = (): RuleFigures => ({ changes: 0, reads: 0, news: 0, inTime: 0, blocked: 0, allowed: 0 });

/** What happens to calls of `wait`, which ask again and again, is left out. */
const JUDGED: readonly CallMade["operation"][] = ["consume", "peek", "reserve"];

/** `looksAfter`: by how many `refreshMs` an isolate that is asked has asked for the rules: two where it may do that behind its answer. */
export function rulesJudge(looksAfter: 1 | 2, figures = noRuleFigures()): Judge {
  const readings = createReadings();

  /** What every version from `first` on says of a call until `now`; undefined where they don't agree, or nothing is said. */
  function verdictOf(call: CallMade, first: number, now: number): RuleMade["what"] | undefined {
    const verdicts = readings.versions.slice(first).map((rules) => {
      const own = levelsOf(call).map(({ rule, key }) => ruleFor(rules, rule.name, key, now)?.what);
      if (own.includes("block")) return "block";
      return own.every((what) => what === "allow") ? "allow" : undefined;
    });
    return verdicts.every((verdict) => verdict === verdicts[0]) ? verdicts[0] : undefined;
  }

  function answered({ call, now, decision }: Extract<Happening, { type: "answered" }>): string | undefined {
    const begun = readings.begun(call);
    const refreshMs = levelsOf(call)[0]?.rule.rules?.refreshMs;
    if (!JUDGED.includes(call.operation) || !decision || !begun || refreshMs === undefined) return undefined;
    const mostMs = looksAfter * refreshMs;
    // Where a request got lost or late, the rules known go on, and a breaker may keep the limiter from asking again at once.
    if (!readings.isTroubled(call.isolate, begun.at - LATELY_MS)) {
      const askedAt = readings.askedAt(call.isolate);
      if (askedAt < begun.at - mostMs)
        return `${call.key} was answered by rules that were asked for ${begun.at - askedAt} ms before, at most ${mostMs} ms`;
      const known = begun.asked?.version ?? readings.knownTo(call.isolate);
      // Of a script that is not known the text is sent, in a second trip.
      const heardAt = readings.askedAt(call.isolate, begun.at - 2 * SOON_MS);
      const due = readings.versionAt(heardAt);
      if (known >= 0 && known < due)
        return `${call.key} was answered by rules without the change ${known + 1}, though its isolate has asked for them since, ${begun.at - heardAt} ms before`;
      figures.inTime += Number(due > 0);
    }
    const verdict = begun.first < 0 ? undefined : verdictOf(call, begun.first, now);
    // A rule may have ended meanwhile, and given way to another.
    if (verdict === undefined || verdict !== verdictOf(call, begun.first, begun.now)) return undefined;
    if (verdict === "block") {
      figures.blocked += 1;
      if (decision.allowed) return `${call.key} was let pass by ${decision.source}, which the isolate knew was blocked`;
    }
    if (verdict === "allow") {
      figures.allowed += 1;
      if (!decision.allowed) return `${call.key} was denied by ${decision.source}, which the isolate knew was let pass`;
    }
    return undefined;
  }

  return {
    name: "rules",
    promise:
      "An isolate that is asked has asked for the operators' rules within `refreshMs`, or does so behind its answer, so that it knows each change a trip later; and a call that is made after it has read them goes by them: what is blocked is admitted by nobody, what is let pass is denied by nobody.",
    see(happening, { complain }) {
      const heard = readings.see(happening);
      figures.changes += Number(happening.type === "ruled");
      figures.reads += Number(heard !== undefined);
      figures.news += Number(heard === "news");
      const wrong = happening.type === "answered" && answered(happening);
      if (wrong) complain(wrong);
    },
  };
}
