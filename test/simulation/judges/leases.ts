import type { Happening, LimiterRule, PolicyRule } from "../world/history.ts";
import { bookOf } from "./books/book-of.ts";
import { logBook } from "./books/log.ts";
import type { Judge } from "./judge.ts";
import { levelsOf } from "./levels.ts";

/** What one key was given, or booked. */
export interface Admitted {
  readonly at: number;
  readonly units: number;
  /** Booked after it was spent: no definition forbids that. */
  readonly booked: boolean;
  /** Of what a bucket has lent: when that is due. Left out: it has lent nothing. */
  readonly dueAt?: number;
}

/**
 * For limiters on the clock of their database, so that there is one time: what calls were given, by the time when they were
 * given it, whoever had asked for it and when.
 */
export function leasesJudge(databaseNow: (database: string) => number): Judge {
  const given = new Map<string, { readonly rule: LimiterRule; readonly list: Admitted[] }>();
  /** When the database last took for a call, for each of its limiters. */
  const takenAt = new Map<number, Map<string, number>>();

  function give(rule: LimiterRule, key: string, admitted: Admitted): void {
    const place = `${rule.name}/${key}`;
    const account = given.get(place) ?? { rule, list: [] };
    given.set(place, account);
    account.list.push(admitted);
  }

  return {
    name: "leases",
    promise:
      "By the database's clock, calls are admitted as the plain definitions allow at the time of their answer, also where an isolate took their units ahead: of a bucket no span of t ms holds more than burst + limit × t / window, a window no more than its own, and where it has parts, none of any position more than the limit.",
    see(happening, { rulings, complain }) {
      for (const { call, account, key, step, purpose, units } of rulings) {
        if (!step.allowed || happening.type !== "executed") continue;
        const own = takenAt.get(call.id) ?? new Map<string, number>();
        takenAt.set(call.id, own.set(account.rule.name, happening.now));
        if (purpose === "book") give(account.rule, key, { at: happening.now, units: units[0] ?? 0, booked: true });
      }
      if (happening.type === "answered") answered(happening);
      if (happening.type !== "ended") return;
      for (const [place, { rule, list }] of given) {
        const wrong = excess(rule, list);
        if (wrong) complain(`${place} was given ${wrong}`);
      }
    },
  };

  function answered({ call, decision }: Extract<Happening, { type: "answered" }>): void {
    const isTaking = call.operation === "consume" || call.operation === "wait";
    if (!decision?.allowed || !isTaking) return;
    const parts = "parts" in decision ? (decision.parts as Readonly<Record<string, { source: string }>>) : undefined;
    for (const { rule, key } of levelsOf(call)) {
      const { source } = parts?.[rule.name] ?? decision;
      if (source !== "store" && source !== "lease") continue;
      const at = source === "lease" ? databaseNow(rule.database) : (takenAt.get(call.id)?.get(rule.name) ?? Number.NaN);
      give(rule, key, { at, units: call.cost, booked: false });
    }
  }
}

/** What is too much by the definitions, in the order of time; a bucket counts what it lends when that is due. */
export function excess(rule: LimiterRule, list: readonly Admitted[]): string | undefined {
  for (const policy of rule.policies) {
    const wrong = tooMuch(policy, list);
    if (wrong) return wrong;
  }
  return undefined;
}

function tooMuch(policy: PolicyRule, list: readonly Admitted[]): string | undefined {
  const { kind, limit, windowMs, burst } = policy;
  // What a window in parts promises is that of a log; which part a call was in depends on when it was taken.
  const book = kind === "parts" ? logBook(policy) : bookOf(policy);
  const timeOf = ({ at, dueAt = at }: Admitted) => (kind === "bucket" ? dueAt : at);
  for (const admitted of list.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    const { units, booked } = admitted;
    const at = timeOf(admitted);
    if (!(at > 0)) return `${units} by a database that did not take them`;
    if (!booked && !book.allows(at, units, 0)) {
      return `${units} at ${at}, where a ${kind} of ${limit} per ${windowMs} ms, ${burst} at once, leaves ${book.remaining(at)}`;
    }
    book.take(at, units);
  }
  return undefined;
}
