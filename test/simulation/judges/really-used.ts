import type { LimiterRule } from "../world/history.ts";
import type { Ruling } from "./accounts.ts";
import type { Book } from "./books/book.ts";
import { bookOf } from "./books/book-of.ts";
import { logBook } from "./books/log.ts";
import type { Judge } from "./judge.ts";
import { type Level, levelsOfCommand } from "./levels.ts";

/** What a call took, or booked, of one key. */
interface Taking {
  readonly at: number;
  readonly delaysMs: readonly number[];
  /** Units asked for; of them those that were used in the end. */
  readonly units: readonly number[];
  used: readonly number[];
  /** Booked after it was spent: no definition forbids that. */
  readonly booked: boolean;
}

interface Account {
  readonly rule: LimiterRule;
  readonly key: string;
  readonly list: Taking[];
  /** By call, and the one of several asked in order that it was for. */
  readonly byCall: Map<string, Taking>;
  /** Until something happened after which nobody can tell what was given back to what. */
  isKnown: boolean;
}

/** Judges at the end, when it is known what was used of each taking; the order of takings is that of the database. */
export function reallyUsedJudge(): Judge {
  const accounts = new Map<Ruling["account"], Account>();

  function see(ruling: Ruling): void {
    const { account, key, call, member, purpose, step, at, units, delaysMs, isFresh } = ruling;
    const placeOf = ({ id }: Ruling["call"]) => `${id}/${member}`;
    const own: Account = accounts.get(account) ?? {
      rule: account.rule,
      key,
      list: [],
      byCall: new Map(),
      isKnown: true,
    };
    accounts.set(account, own);
    if (!step.allowed || purpose === "look") return;
    if (isFresh) own.isKnown = false;
    if (purpose === "take" || purpose === "book") {
      const taking = { at, delaysMs, units, used: units, booked: purpose === "book" };
      own.list.push(taking);
      if (purpose === "take") own.byCall.set(placeOf(call), taking);
      return;
    }
    const taking = own.byCall.get(placeOf(call.of ?? call));
    if (taking) taking.used = taking.used.map((used, i) => used - (units[i] ?? 0));
    else own.isKnown = false;
  }

  return {
    name: "really used",
    promise:
      "Of what was really used, each at the time when it was taken, no policy holds more than its definition allows, and it would have allowed each reservation: however late reservations are settled and units given back, and in whatever order.",
    see(happening, { rulings, accounts: all, complain }) {
      for (const ruling of rulings) see(ruling);
      const isLoss = happening.type === "lost" && happening.all;
      if (isLoss) for (const own of accounts.values()) own.isKnown = false;
      if (happening.type === "executed" && happening.command === "DEL") forget(happening, all.of);
      if (happening.type !== "ended") return;
      for (const own of accounts.values()) {
        const wrong = own.isKnown ? excess(own) : undefined;
        if (wrong) complain(`${own.key} was given ${wrong}`);
      }
    },
  };

  function forget(
    command: Parameters<typeof levelsOfCommand>[0],
    accountOf: (level: Level) => Ruling["account"] | undefined,
  ) {
    for (const level of levelsOfCommand(command)) {
      const account = accountOf(level);
      const own = account && accounts.get(account);
      if (own) own.isKnown = false;
    }
  }
}

/** What is too much by the definitions. */
function excess({ rule, list }: Account): string | undefined {
  // What has come back may have closed a part earlier, so of a window in parts no more is promised than that any window holds the limit.
  const books: Book[] = rule.policies.map((policy) => (policy.kind === "parts" ? logBook(policy) : bookOf(policy)));
  for (const { at, delaysMs, units, used, booked } of list) {
    for (const [i, book] of books.entries()) {
      const { kind, limit, windowMs, burst } = rule.policies[i] as LimiterRule["policies"][number];
      if (!booked && !book.allows(at, units[i] ?? 0, delaysMs[i] ?? 0)) {
        return `${units[i]} at ${at}, where a ${kind} of ${limit} per ${windowMs} ms, ${burst} at once, leaves ${book.remaining(at)}`;
      }
      book.take(at, used[i] ?? 0);
    }
  }
  return undefined;
}
