/** One quota as a response announces it. */
export interface Announced {
  /** Units left. */
  readonly remaining: number;
  /** Ms until there are more; left out where nothing tells. */
  readonly resetMs?: number | undefined;
  /** Most units at once; left out where nothing tells. */
  readonly limit?: number | undefined;
  /** Ms in which the quota gives that many; left out where nothing tells. */
  readonly windowMs?: number | undefined;
}

/** A response, as far as it announces something. */
interface Fielded {
  readonly headers: Headers;
}

/** Larger numbers of seconds are times: GitHub and express-rate-limit tell seconds since the epoch, others ms. */
const LONGEST_DELAY = 1e9;

type Policy = Partial<Pick<Announced, "limit" | "windowMs">>;

/** The policies that a response announces. What is malformed is ignored, as the drafts say. */
export const policiesOf = ({ headers }: Fielded): Policy[] =>
  members(headers.get("RateLimit-Policy") ?? "").map((text) => ({
    limit: parameter(text, "q") ?? whole(text),
    windowMs: seconds(parameter(text, "w")),
  }));

/**
 * The quotas that a response announces, in any dialect that Sluice sends; how large they are only with its `policies`. What is
 * malformed is ignored.
 */
export function announcedBy({ headers }: Fielded, now: number, policies: readonly Policy[] = []): Announced[] {
  const field = (name: string) => headers.get(name) ?? "";
  const status = field("RateLimit");
  const named = members(status).flatMap((text, i) => quota(policies[i], parameter(text, "r"), parameter(text, "t")));
  const numbered = (limit?: number, remaining?: number, reset?: number) =>
    quota({ ...policies.find((policy) => policy.limit === limit), limit }, remaining, reset);
  if (named.length > 0) return named;
  if (status) return numbered(...["limit", "remaining", "reset"].map((name) => parameter(status, name)));
  return ["RateLimit", "X-RateLimit"].flatMap((prefix) => {
    const [limit, remaining, reset = 0] = ["Limit", "Remaining", "Reset"].map((name) =>
      whole(field(`${prefix}-${name}`)),
    );
    if (reset < LONGEST_DELAY) return numbered(limit, remaining, reset);
    return numbered(limit, remaining, Math.max(0, (reset < LONGEST_DELAY * 100 ? reset : reset / 1000) - now / 1000));
  });
}

/** The members of a list, without texts, which may hold anything. */
const members = (field: string) => field.replace(/"(\\.|[^"\\])*"/g, "").split(",");

const whole = (text: string | undefined) => (/^\s*\d/.test(text ?? "") ? Number.parseInt(`${text}`, 10) : undefined);

const parameter = (text: string, name: string) => whole(new RegExp(`(?:^|[;, ])${name}=(\\d+)`).exec(text)?.[1]);

const seconds = (value: number | undefined) => (value === undefined ? value : value * 1000);

function quota(policy: Partial<Announced> | undefined, remaining?: number, reset?: number): Announced[] {
  return remaining === undefined ? [] : [{ ...policy, remaining, resetMs: seconds(reset) }];
}

/** Ms in which a quota gives one unit; 0 where it does not say. */
export const unitMsOf = (limit?: number, windowMs?: number): number =>
  limit && windowMs ? Math.ceil(windowMs / limit) : 0;
