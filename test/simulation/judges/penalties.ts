import { type PenaltyDefinition, penaltyDefinition } from "../../support/penalty-definition.ts";
import type { CallMade, Happening, LimiterRule } from "../world/history.ts";
import { GRACE_MS, type Ruling } from "./accounts.ts";
import type { Judge } from "./judge.ts";
import { levelsOf } from "./levels.ts";

export interface PenaltyFigures {
  strikes: number;
  begun: number;
  /** Blocks by hand. */
  byHand: number;
  /** Denials of what was blocked: by the database, and by an isolate that knew. */
  denied: number;
  known: number;
  /** What was admitted after a block had ended. */
  freed: number;
  /** Admitted by what an isolate had taken before the block. */
  ahead: number;
}

export const noPenaltyFigures = (): PenaltyFigures => ({
  strikes: 0,
  begun: 0,
  byHand: 0,
  denied: 0,
  known: 0,
  freed: 0,
  ahead: 0,
});

/** One key of a limiter with a penalty. */
interface Watched {
  readonly definition: PenaltyDefinition;
  /** How far the database's clock was ahead of the time that the last write brought. */
  lagMs: number;
  /** The true time at which the database's block began. */
  begunAt: number;
}

/** Of limiters whose clocks are near that of their database, so that a block is over for all within `apartMs`. */
export function penaltiesJudge(
  databaseNow: (database: string) => number,
  apartMs: number,
  figures: PenaltyFigures,
): Judge {
  const watched = new Map<string, Watched>();
  /** When calls under way were made, and what those that block came to. */
  const calledAt = new Map<number, number>();
  const byHand = new Map<number, number>();
  const placeOf = ({ name }: LimiterRule, key: string) => `${name}/${key}`;

  function of(rule: LimiterRule, key: string): Watched {
    const place = placeOf(rule, key);
    const known = watched.get(place) ?? { definition: penaltyDefinition(), lagMs: 0, begunAt: 0 };
    watched.set(place, known);
    return known;
  }

  function executed({ call, account, key, step, allows }: Ruling, at: number): string | undefined {
    const { penalty: numbers, leases } = account.rule;
    if (!numbers) return undefined;
    if (!step.penalty) return `${call.operation} on ${key} was decided without its penalty`;
    const { task, blockedUntil, leftMs, renewed } = step.penalty;
    const isByHand = call.operation === "block";
    const own = of(account.rule, key);
    const { definition } = own;
    const { now } = step;
    const lagMs = databaseNow(account.rule.database) - now;
    // By the database's clock the block is over, and its key gone, before a call comes that was on its way for so much longer.
    if (leftMs === undefined && lagMs - own.lagMs > GRACE_MS) definition.forget();
    if (renewed) own.lagMs = lagMs;
    const isBlocked = definition.isBlocked(now);
    const what = `${call.operation} on ${key} at ${now}`;
    if (task === "strike" && call.operation !== "consume" && call.operation !== "reserve")
      return `a ${what} was to be a strike`;
    if ((task === "block") !== isByHand) return `a ${what} was to ${task}`;
    if (isBlocked && step.allowed && task !== "book")
      return `${what} was let pass, ${definition.end - now} ms before the block ends`;
    // Where it keeps room for what others have taken ahead, only it knows whether there is any.
    const denied = leases ? !step.allowed : !allows;
    const strikes = definition.call(now, task, denied, isByHand ? { ...numbers, length: call.waitMs } : numbers);
    const begins = strikes && definition.end > now;
    const isTold = isBlocked && task !== "book";
    const due = begins ? -definition.end : isTold ? definition.end : 0;
    if (isByHand) byHand.set(call.id, definition.end);
    if (blockedUntil !== due) return `${what} told of a block until ${blockedUntil}, not ${due}`;
    if (begins && !isBlocked) own.begunAt = at;
    if (step.allowed && definition.lifeMs(now, numbers) === 0) definition.forget();
    figures.strikes += Number(task === "strike" && strikes);
    figures.byHand += Number(isByHand);
    figures.begun += Number(begins);
    figures.denied += Number(isBlocked && !step.allowed);
    figures.freed += Number(step.allowed && task === "strike" && definition.end > 0);
    return undefined;
  }

  function answered({ call, decision, at }: Extract<Happening, { type: "answered" }>): string | undefined {
    const sinceAt = calledAt.get(call.id) ?? at;
    calledAt.delete(call.id);
    if (call.operation === "block") return blocked(call, decision);
    if (!decision || !["consume", "wait", "reserve"].includes(call.operation)) return undefined;
    figures.known += Number(decision.source === "penalty");
    const parts = "parts" in decision ? (decision.parts as Readonly<Record<string, { source: string }>>) : undefined;
    for (const { rule, key } of levelsOf(call)) {
      const own = watched.get(placeOf(rule, key));
      const { source } = parts?.[rule.name] ?? decision;
      if (!own || !decision.allowed) continue;
      const leftMs = own.definition.end - apartMs - databaseNow(rule.database);
      const sinceMs = at - own.begunAt;
      if (source === "store" && leftMs > 0 && sinceAt > own.begunAt)
        return `${key} was let pass by the store, which it was asked ${sinceAt - own.begunAt} ms after it was blocked`;
      if (source !== "lease") continue;
      figures.ahead += Number(leftMs > 0);
      if (leftMs > 0 && sinceMs > (rule.leases?.maxMs ?? 0))
        return `${key} was let pass by a lease, ${sinceMs} ms after it was blocked`;
    }
    return undefined;
  }

  /** What came of a block by hand, for who asked for it. */
  function blocked({ id, key }: CallMade, decision: Extract<Happening, { type: "answered" }>["decision"]) {
    const until = byHand.get(id);
    if (until === undefined) return `${key} was said to be blocked, and was not`;
    const told = decision && "blockedUntil" in decision ? decision.blockedUntil : undefined;
    return told === until && !decision?.allowed
      ? undefined
      : `${key} was said to be blocked until ${told}, not ${until}`;
  }

  function reset(call: CallMade, keys: readonly string[]): void {
    for (const { rule, key } of levelsOf(call)) {
      if (keys.some((own) => own.startsWith(`${rule.name}:`))) watched.delete(placeOf(rule, key));
    }
  }

  return {
    name: "penalties",
    promise:
      "A call that the database carries out on a blocked key is denied, unless it comes after the key's end by the database's clock, and so is one that was made after the block, whoever asks; one that a lease lets pass is no later than its longest time; a key is blocked by so many denials of its own limiter's policies within their time and by nothing else but by hand, for as long as the definition says.",
    see(happening, { rulings, complain }) {
      if (happening.type === "lost" && happening.all) watched.clear();
      if (happening.type === "called") calledAt.set(happening.call.id, happening.at);
      if (happening.type === "executed" && happening.command === "DEL" && happening.error === undefined)
        reset(happening.call, happening.keys);
      for (const ruling of rulings) {
        const wrong = executed(ruling, happening.at);
        if (wrong) complain(wrong);
      }
      const wrong = happening.type === "answered" && answered(happening);
      if (wrong) complain(wrong);
    },
  };
}
