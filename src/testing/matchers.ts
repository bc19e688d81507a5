import type {} from "vitest";
import type { Decision } from "../core/decision.ts";
import { shown } from "../core/misuse.ts";

/** What a denial has to say. */
export interface ExpectedDenial {
  /** The policy that denied. */
  policy?: string | undefined;
  /** Ms until the cost passes. */
  retryAfterMs?: number | undefined;
}

/** What a limited response has to say. */
export interface ExpectedResponse {
  /** A policy that was violated, as the problem document and the fields name it. */
  policy?: string | undefined;
  /** `Retry-After` in seconds. */
  retryAfter?: number | undefined;
}

interface Verdict {
  readonly pass: boolean;
  readonly message: () => string;
}

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest's own declaration, which this one is merged with.
  interface Matchers<T = any> {
    /** A decision that allowed its call. */
    toBeAllowed(): void;
    /** A decision that denied its call, by that policy and for that long where that is said. */
    toBeDenied(expected?: ExpectedDenial): void;
    /** A decision that leaves so many units: of the policy that binds, or of the one that is named. */
    toHaveRemaining(remaining: number, policy?: string): void;
    /** A response with status 429 that says what is expected. */
    toBeRateLimited(expected?: ExpectedResponse): void;
  }
}

/** Matchers for vitest: `expect.extend(limiterMatchers)`, once in a set-up file. */
export const limiterMatchers = {
  toBeAllowed(decision: Decision): Verdict {
    return verdict(decision.allowed, "to be allowed", denialText(decision));
  },

  toBeDenied(decision: Decision, expected: ExpectedDenial = {}): Verdict {
    return verdict(
      !decision.allowed && agrees(decision, expected),
      `to be denied${listed(expected)}`,
      denialText(decision),
    );
  },

  toHaveRemaining(decision: Decision, remaining: number, policy?: string): Verdict {
    const statuses = !("policies" in decision) ? [] : policy === undefined ? [decision] : decision.policies;
    const status = statuses.find((status) => policy === undefined || status.policy === policy);
    const found = status ? `${status.remaining} left of ${status.policy}` : "nothing known of it";
    return verdict(status?.remaining === remaining, `to have ${remaining} left${policy ? ` of ${policy}` : ""}`, found);
  },

  toBeRateLimited(response: Response, { policy, retryAfter }: ExpectedResponse = {}): Verdict {
    const field = response.headers.get("RateLimit") ?? "";
    const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
    // What violates is told with nothing left of it, or with too little: its name is all that is sure.
    const names = policy === undefined || field.includes(JSON.stringify(policy));
    const pass = response.status === 429 && names && (retryAfter === undefined || seconds === retryAfter);
    const found = `status ${response.status}, Retry-After ${seconds}, RateLimit ${shown(field)}`;
    return verdict(pass, `to be limited${listed({ policy, retryAfter })}`, found);
  },
};

const agrees = (decision: Decision, { policy, retryAfterMs }: ExpectedDenial) =>
  (policy === undefined || decision.policy === policy) &&
  (retryAfterMs === undefined || decision.retryAfterMs === retryAfterMs);

const denialText = ({ allowed, policy, retryAfterMs, source }: Decision) =>
  allowed ? `allowed (source ${source})` : `denied by ${policy} for ${retryAfterMs} ms (source ${source})`;

/** What was expected beside the fact, as in `, policy "daily"`. */
const listed = (expected: object) =>
  Object.entries(expected)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `, ${name} ${shown(value)}`)
    .join("");

function verdict(pass: boolean, expected: string, found: string): Verdict {
  return { pass, message: () => `expected ${pass ? "not " : ""}${expected}, and found: ${found}` };
}
