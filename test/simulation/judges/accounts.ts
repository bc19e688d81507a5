import type { CallMade, Happening, KeyStep, LimiterRule, PolicyRule } from "../world/history.ts";
import type { Book } from "./books/book.ts";
import { bookOf } from "./books/book-of.ts";

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
}

/** What the definitions say of one step. */
export interface Ruling {
  readonly account: Account;
  readonly call: CallMade;
  readonly step: KeyStep;
  /** What the step was for. */
  readonly purpose: "take" | "book" | "give" | "leave" | "look";
  /** Units of each policy, from 0. */
  readonly units: readonly number[];
  /** How long each policy may make the caller wait. */
  readonly delaysMs: readonly number[];
  /** The time at which it counts. */
  readonly at: number;
  /** Whether every policy allows it. */
  readonly allows: boolean;
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
  /** The account that a call concerns, if anything has happened to it. */
  of(call: CallMade): Account | undefined;
}

export function createAccounts(): Accounts {
  const accounts = new Map<string, Account>();
  const nameOf = ({ limiter, key }: CallMade) => `${limiter.database}/${limiter.name}/${key}`;

  function open(call: CallMade): Account {
    const account: Account = {
      rule: call.limiter,
      books: call.limiter.policies.map(bookOf),
      latest: 0,
      leastLagMs: Infinity,
      mostLagMs: -Infinity,
      written: undefined,
      writes: 0,
      givenBack: [],
    };
    accounts.set(nameOf(call), account);
    return account;
  }

  function see(happening: Happening): readonly Ruling[] {
    if (happening.type === "lost" && happening.all) {
      for (const account of accounts.values()) {
        if (account.rule.database !== happening.database) continue;
        forget(account);
        gaveBack(account, { at: happening.at, call: undefined });
      }
    }
    if (happening.type !== "executed" || happening.error !== undefined) return NONE;
    const account = accounts.get(nameOf(happening.call)) ?? open(happening.call);
    if (happening.command === "DEL") {
      forget(account);
      gaveBack(account, happening);
      return NONE;
    }
    return happening.steps.map((step) => rule(account, happening, step));
  }

  return { see, of: (call) => accounts.get(nameOf(call)) };
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

function rule(account: Account, executed: Executed, step: KeyStep): Ruling {
  const { call, now: databaseNow } = executed;
  const { policies } = account.rule;
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
  const at = isFresh ? step.now : Math.max(account.latest, step.now);
  const passes = (time: number) => books.every((book, i) => book.allows(time, units[i] ?? 0, delaysMs[i] ?? 0));
  const allows = purpose === "book" || purpose === "give" || passes(at);
  const retryAfterMs = purpose === "give" || purpose === "leave" ? 0 : retryAfter(books, units, at);
  if (step.allowed) {
    if (isFresh) {
      forget(account);
      gaveBack(account, { at: executed.at, call: undefined });
    }
    if (purpose === "take" || purpose === "book") {
      for (const [i, book] of account.books.entries()) book.take(at, units[i] ?? 0);
    } else if (purpose === "give" || purpose === "leave") {
      gaveBack(account, executed);
      for (const [i, book] of account.books.entries()) book.giveBack(at, units[i] ?? 0, step.sinces[i]);
    }
    if (step.wrote) {
      account.writes += 1;
      // What a log gave back brings no time any more.
      account.latest = account.books[0]?.newest?.() ?? at;
      account.leastLagMs = Math.min(account.leastLagMs, lagMs);
      account.mostLagMs = Math.max(account.mostLagMs, lagMs);
      account.written = step.endsAt === undefined ? undefined : writtenBy(account, databaseNow, step);
    }
  }
  const after = step.allowed ? account.books : books;
  const remaining = after.map((book) => book.remaining(at));
  const wholeAfterMs = Math.max(...after.map((book) => book.wholeAfterMs(at)));
  const about = { account, call, step, purpose, units, delaysMs, at, before, isFresh };
  return { ...about, allows, remaining, wholeAfterMs, retryAfterMs };
}

function writtenBy({ books, rule, latest }: Account, at: number, { now, endsAt }: KeyStep): Written {
  const leadMs = latest - now;
  const lives = books.map((book, i) => {
    const { kind, limit, windowMs, burst } = rule.policies[i] as PolicyRule;
    const whole = book.wholeAfterMs(latest);
    const leftMs = windowMs - (latest % windowMs);
    if (kind === "sliding")
      return leadMs >= windowMs ? [Math.min(whole, windowMs), windowMs] : [whole, leftMs + windowMs];
    // Under another limit it may take longer.
    if (kind === "bucket") return [whole, whole && Math.max(windowMs, Math.ceil((burst * windowMs) / limit), whole)];
    return [whole, kind === "fixed" ? leftMs : windowMs];
  });
  const most = (part: 0 | 1) => Math.max(...lives.map((life) => life[part] as number));
  return { at, latest, endsAt, countsMs: most(0), mostMs: most(1) };
}

function purposeOf({ operation }: CallMade, { deltas }: KeyStep): Ruling["purpose"] {
  if (operation === "peek") return "look";
  if (operation === "charge") return "book";
  if (operation === "refund") return "give";
  return deltas.some((delta) => delta < 0) ? "leave" : "take";
}

/** Only a bucket lends: what its ceiling is above the burst, at its pace. */
function delayOf({ kind, limit, windowMs, burst }: PolicyRule, ceiling: number): number {
  return kind === "bucket" && ceiling >= 0 ? Math.max(0, Math.floor((ceiling - burst * windowMs) / limit)) : 0;
}

/** The least wait after which all books allow it at once, by trying: what they allow later they allow from then on. */
export function retryAfter(books: readonly Book[], units: readonly number[], at: number): number {
  const passes = (ms: number) => books.every((book, i) => book.allows(at + ms, units[i] ?? 0, 0));
  if (passes(0)) return 0;
  let high = Math.max(1, ...books.map((book) => book.wholeAfterMs(at)));
  if (!passes(high)) return Infinity;
  let low = 0;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (passes(middle)) high = middle;
    else low = middle;
  }
  return high;
}
