import type { CallMade, Happening, KeyStep, LimiterRule, PolicyRule } from "../world/history.ts";
import type { Book } from "./books/book.ts";
import { bookOf } from "./books/book-of.ts";
import { type Level, type LevelOfCall, levelsOfCommand } from "./levels.ts";
import { ceilingOf, forBookings, policiesInForce } from "./limits-in-force.ts";
import { createReadings } from "./readings.ts";

type Executed = Extract<Happening, { type: "executed" }>;

/** What units came back to a key, lately. */
export interface GivenBack {
  /** The true time. */
  readonly at: number;
  /** Undefined where the database lost what it stored, or a life of the key began by a clock that is far off. */
  readonly call: CallMade | undefined;
}

/** What was written, and for how long that counts. */
export interface Written {
  /** The database's time. */
  readonly at: number;
  /** The time that was stored. */
  readonly latest: number;
  readonly endsAt: number | undefined;
  /** Ms for which it counts, by the definitions; what a clock a window ahead took counts for no longer than a window. */
  readonly countsMs: number;
  /** Ms for which it may be kept, without the grace. */
  readonly mostMs: number;
}

/** One key in one database, as the definitions see it. */
export interface Account {
  readonly rule: LimiterRule;
  readonly books: readonly Book[];
  /** The latest time that anything which counts has brought. */
  latest: number;
  /** How far the database's clock was ahead of the times brought, at the least and at the most. */
  leastLagMs: number;
  mostLagMs: number;
  /** The last write; undefined where nothing is stored. */
  written: Written | undefined;
  /** How often something was written. */
  writes: number;
  givenBack: GivenBack[];
  /** Those that the last call went by. */
  limits: readonly PolicyRule[];
  /** The true time at which a call last went by other limits than the one before it. */
  limitedAt: number;
}

/** What the definitions say of one step. */
export interface Ruling {
  readonly account: Account;
  readonly call: CallMade;
  /** Which of the call's limiters it concerns, from 0, and its key there. */
  readonly level: number;
  /** The one of several asked in order that it was done for. */
  readonly member: number | undefined;
  readonly key: string;
  readonly step: KeyStep;
  /** The policies as an operator's rules may have changed them for this call. */
  readonly policies: readonly PolicyRule[];
  /** What the step was for. */
  readonly purpose: "take" | "book" | "give" | "leave" | "look";
  /** Units of each policy, from 0. */
  readonly units: readonly number[];
  /** How long each policy may make the caller wait. */
  readonly delaysMs: readonly number[];
  /** The time at which it counts. */
  readonly at: number;
  /** Whether every policy allows it; whether those of all the call's limiters do. */
  readonly allows: boolean;
  readonly allAllow: boolean;
  /** What was stored before it. */
  readonly before: Written | undefined;
  /** Whether a life of the key begins with it, by a clock so far off that the one before need not be known. */
  readonly isFresh: boolean;
  /** Of each policy, as left by the step. */
  readonly remaining: readonly number[];
  readonly wholeAfterMs: number;
  /** Ms from `at` until the cost would pass with nothing else taken; 0 if it passes. */
  readonly retryAfterMs: number;
}

/** So much longer than it counts a key is kept, in ms: what the scripts promise as their grace. */
export const GRACE_MS = 1000;

/** The books of all keys, kept from what databases did. */
export interface Accounts {
  /** What the definitions say of each step of what happened; keeps it in the books as the database did. */
  see(happening: Happening): readonly Ruling[];
  /** The account of a limiter's key, if anything has happened to it; its books go by the limits in force for `call`, if there is one. */
  of(level: Level, call?: CallMade): Account | undefined;
}

export function createAccounts(): Accounts {
  const accounts = new Map<string, Account>();
  const readings = createReadings();
  let at = 0;
  const nameOf = ({ rule, key }: Level) => `${rule.database}/${rule.name}/${key}`;

  function open(level: Level): Account {
    const { rule } = level;
    const account: Account = {
      rule,
      books: rule.policies.map(bookOf),
      latest: 0,
      leastLagMs: Infinity,
      mostLagMs: -Infinity,
      written: undefined,
      writes: 0,
      givenBack: [],
      limits: rule.policies,
      limitedAt: -Infinity,
    };
    accounts.set(nameOf(level), account);
    return account;
  }

  function see(happening: Happening): readonly Ruling[] {
    readings.see(happening);
    at = happening.at;
    if (happening.type === "lost" && happening.all) {
      for (const account of accounts.values()) {
        if (account.rule.database !== happening.database) continue;
        forget(account);
        gaveBack(account, { at: happening.at, call: undefined });
      }
    }
    if (happening.type !== "executed" || happening.error !== undefined) return NONE;
    // What reads the rules counts nothing.
    if (happening.steps.length === 0 && happening.command !== "DEL") return NONE;
    const levels = levelsOfCommand(happening);
    const concerned = levels.map((level) => accounts.get(nameOf(level)) ?? open(level));
    if (happening.command === "DEL") {
      for (const account of concerned) {
        forget(account);
        gaveBack(account, happening);
      }
      return NONE;
    }
    const rulings = happening.steps.map((step, i) => {
      const level = levels[i] as LevelOfCall;
      const { index, member, key } = level;
      const inForce = policiesInForce(readings, happening.call, level, at);
      const policies = asked(inForce, step) ?? (inForce.at(-1) as readonly PolicyRule[]);
      const account = concerned[i] as Account;
      if (isOther(account.limits, policies)) account.limitedAt = at;
      account.limits = policies;
      return { ...rule(account, happening, step, policies), level: index, member, key };
    });
    const allAllow = rulings.every(({ allows }) => allows);
    return rulings.map((ruling) => ({ ...ruling, allAllow }));
  }

  return {
    see,
    of(level, call) {
      const account = accounts.get(nameOf(level));
      const inForce = call && account && policiesInForce(readings, call, level, at).at(-1);
      if (inForce) goBy(account.books, inForce);
      return account;
    },
  };
}

/** Of several that may be in force the one that the step goes by. */
function asked(inForce: readonly (readonly PolicyRule[])[], { ceilings }: KeyStep) {
  if (inForce.length === 1) return inForce[0];
  const isAsked = (policy: PolicyRule, ceiling: number) => [ceiling, -1 - ceiling].includes(ceilingOf(policy));
  return inForce.find((policies) => policies.every((policy, i) => isAsked(policy, ceilings[i] ?? Number.NaN)));
}

const isOther = (limits: readonly PolicyRule[], others: readonly PolicyRule[]) =>
  limits.some(({ limit }, i) => limit !== others[i]?.limit);

function goBy(books: readonly Book[], policies: readonly PolicyRule[]): void {
  for (const [i, book] of books.entries()) book.under(policies[i] as PolicyRule);
}

const NONE: readonly Ruling[] = [];

function forget(account: Account): void {
  for (const book of account.books) book.forget();
  account.latest = 0;
  account.leastLagMs = Infinity;
  account.mostLagMs = -Infinity;
  account.written = undefined;
}

function gaveBack(account: Account, { at, call }: GivenBack): void {
  account.givenBack = [...account.givenBack.filter((one) => at - one.at < 60_000), { at, call }];
}

function rule(
  account: Account,
  executed: Executed,
  step: KeyStep,
  policies: readonly PolicyRule[],
): Omit<Ruling, "level" | "member" | "key" | "allAllow"> {
  const { call, now: databaseNow } = executed;
  const purpose = purposeOf(call, step);
  const units = policies.map(
    ({ kind, windowMs }, i) => Math.abs(step.deltas[i] ?? 0) / (kind === "bucket" ? windowMs : 1),
  );
  const delaysMs = policies.map((policy, i) => delayOf(policy, step.ceilings[i] ?? 0));
  const lagMs = databaseNow - step.now;
  const before = account.written;
  const spreadMs = Math.max(lagMs, account.mostLagMs) - account.leastLagMs;
  const isFresh = !step.continued && spreadMs > GRACE_MS;
  const books = isFresh ? policies.map(bookOf) : account.books;
  const isBooking = purpose !== "take" && purpose !== "look";
  const going = isBooking ? forBookings(policies, account.rule) : policies;
  goBy(account.books, going);
  const at = isFresh ? step.now : Math.max(account.latest, step.now);
  const allows = purpose === "book" || purpose === "give" || passes(books, units, delaysMs, at);
  const retryAfterMs = purpose === "give" || purpose === "leave" ? 0 : retryAfter(books, units, at);
  // What is written begins the new life: a log's call of no units leaves the old one to whoever still knows of it.
  const isKept = step.allowed && (step.wrote || !isFresh);
  if (isKept) {
    if (isFresh) {
      forget(account);
      gaveBack(account, { at: executed.at, call: undefined });
    }
    if (purpose === "take" || purpose === "book") {
      for (const [i, book] of account.books.entries()) book.take(at, units[i] ?? 0);
    } else if (purpose === "give" || purpose === "leave") {
      gaveBack(account, executed);
      for (const [i, book] of account.books.entries()) {
        const since = step.sinces[i];
        // Who leaves a bucket's queue tells when it is whole without them, most often later.
        const isLater = since !== undefined && purpose === "leave" && policies[i]?.kind === "bucket";
        book.giveBack(at, units[i] ?? 0, isLater ? Math.min(since, at) : since);
      }
    }
    if (step.wrote) {
      account.writes += 1;
      account.latest = at;
      account.leastLagMs = Math.min(account.leastLagMs, lagMs);
      account.mostLagMs = Math.max(account.mostLagMs, lagMs);
      account.written = step.endsAt === undefined ? undefined : writtenBy(account, going, databaseNow, step, purpose);
    }
  }
  const after = isKept ? account.books : books;
  const remaining = after.map((book) => book.remaining(at));
  const wholeAfterMs = Math.max(...after.map((book) => book.wholeAfterMs(at)));
  const about = { account, call, step, policies, purpose, units, delaysMs, at, before, isFresh };
  return { ...about, allows, remaining, wholeAfterMs, retryAfterMs };
}

function writtenBy(
  { books, latest, written }: Account,
  policies: readonly PolicyRule[],
  at: number,
  { now, endsAt }: KeyStep,
  purpose: Ruling["purpose"],
): Written {
  // What a log gets back takes nothing, so it lives no longer for it.
  if (written && purpose === "give" && policies[0]?.kind === "log") return { ...written, latest, endsAt };
  const leadMs = latest - now;
  const lives = books.map((book, i) => {
    const { kind, limit, windowMs, burst } = policies[i] as PolicyRule;
    const whole = book.wholeAfterMs(latest);
    const leftMs = windowMs - (latest % windowMs);
    if (kind === "sliding")
      return leadMs >= windowMs ? [Math.min(whole, windowMs), windowMs] : [whole, leftMs + windowMs];
    // Under another limit it may take longer.
    if (kind === "bucket") return [whole, whole && Math.max(windowMs, Math.ceil((burst * windowMs) / limit), whole)];
    return [whole, book.mostMs?.(latest) ?? (kind === "fixed" ? leftMs : windowMs)];
  });
  const most = (part: 0 | 1) => Math.max(...lives.map((life) => life[part] as number));
  return { at, latest, endsAt, countsMs: most(0), mostMs: most(1) };
}

function purposeOf({ operation, limiter }: CallMade, { deltas, ceilings }: KeyStep): Ruling["purpose"] {
  // What several regions are to give, they are asked for first.
  const looks = limiter.regions !== undefined && ceilings.every((ceiling) => ceiling < 0);
  if (operation === "peek" || looks) return "look";
  if (operation === "charge") return "book";
  if (operation === "refund") return "give";
  // What was used beyond a reservation is booked, what was not comes back.
  if (operation === "settle") return deltas.some((delta) => delta > 0) ? "book" : "give";
  return deltas.some((delta) => delta < 0) ? "leave" : "take";
}

/** Only a bucket lends: what its ceiling is above the burst, at its pace. */
function delayOf({ kind, limit, windowMs, burst }: PolicyRule, ceiling: number): number {
  return kind === "bucket" && ceiling >= 0 ? Math.max(0, Math.floor((ceiling - burst * windowMs) / limit)) : 0;
}

function passes(books: readonly Book[], units: readonly number[], delaysMs: readonly number[], at: number): boolean {
  return books.every((book, i) => book.allows(at, units[i] ?? 0, delaysMs[i] ?? 0));
}

/**
 * The least wait after which all books allow it, with what they may lend, by trying: what they allow later they allow from
 * then on.
 */
export function retryAfter(
  books: readonly Book[],
  units: readonly number[],
  at: number,
  delaysMs: readonly number[] = [],
): number {
  if (passes(books, units, delaysMs, at)) return 0;
  let high = Math.max(1, ...books.map((book) => book.wholeAfterMs(at)));
  if (!passes(books, units, delaysMs, at + high)) return Infinity;
  let low = 0;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passes(books, units, delaysMs, at + middle)) high = middle;
    else low = middle;
  }
  return high;
}
