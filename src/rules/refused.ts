import type { LimiterDescription, PolicyDescription } from "../limiter/described/description.ts";
import { isIpv4, networkIn } from "./network.ts";
import type { RuleTerms } from "./rule.ts";

/** What speaks against a rule. */
export interface Doubts {
  /** It can't be meant. */
  readonly refused: readonly string[];
  /** It may be meant. */
  readonly warnings: readonly string[];
}

/** The keys of `clientIp` for IPv6 clients are networks of this length, unless it is told otherwise. */
const CLIENT_BITS = 64;

export function doubtsOf(terms: RuleTerms, limiters: readonly LimiterDescription[]): Doubts {
  const { limiter, pattern, network, what, limits } = terms;
  const refused: string[] = [];
  const warnings: string[] = [];
  const found = networkIn(network ?? "");
  const isLong = found !== undefined && !isIpv4(found);
  if (pattern === "*") refused.push(`the pattern * is every key: this would ${what} all`);
  if (found?.bits === (isLong ? 0 : 96)) refused.push(`${network} is every address`);
  if (isLong && found.bits > CLIENT_BITS) {
    warnings.push(`keys of clientIp are /${CLIENT_BITS} networks by default, which ${network} is a part of`);
  }
  const described = limiters.find(({ name }) => name === limiter);
  if (limiter !== undefined && !described) {
    warnings.push(`no limiter "${limiter}" has been seen here within 30 days; seen: ${listed(limiters)}`);
  }
  for (const [name, limit] of Object.entries(described && limits ? limits : {})) {
    const policy = described?.policies.find((policy) => policy.name === name);
    if (!policy)
      refused.push(`limiter "${limiter}" has no policy "${name}"; it has ${listed(described?.policies ?? [])}`);
    else if (limit > mostOf(policy)) {
      refused.push(`policy "${name}" can have a limit of at most ${mostOf(policy)}; rules allow instead of more`);
    }
  }
  return { refused, warnings };
}

/** Limits and bursts in units must stay whole numbers; see "Whole numbers" in docs/architecture.md. */
function mostOf({ limit, windowMs, burst }: PolicyDescription): number {
  const most = Math.floor((Number.MAX_SAFE_INTEGER - 1) / windowMs);
  return Math.floor(Math.min(most, (most * limit) / burst));
}

const listed = (named: readonly { readonly name: string }[]) =>
  named.map(({ name }) => `"${name}"`).join(", ") || "none";
