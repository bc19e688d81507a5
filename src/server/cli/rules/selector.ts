import { networkIn } from "../../../rules/network.ts";
import type { RuleTerms } from "../../../rules/rule.ts";
import { ExpectedError } from "../../errors.ts";

/** What the command line says of whom a rule is for. */
export interface SelectorFlags {
  readonly all?: true | undefined;
  readonly key?: string | undefined;
  readonly pattern?: string | undefined;
  readonly network?: string | undefined;
}

export type Selector = Pick<RuleTerms, "limiter" | "key" | "pattern" | "network">;

/**
 * Whom a rule is for, and the words behind that. A bare word is a key, unless it has a star, which makes it a pattern, or is an
 * address or a network.
 * @throws {ExpectedError} if something is missing
 */
export function selectorOf(words: readonly string[], flags: SelectorFlags): { selector: Selector; rest: string[] } {
  const rest = [...words];
  const limiter = flags.all ? undefined : rest.shift();
  if (limiter === undefined && !flags.all) throw new ExpectedError("name a limiter, or say --all");
  const { key, pattern, network } = flags;
  const named = {
    ...(key !== undefined && { key }),
    ...(pattern !== undefined && { pattern }),
    ...(network !== undefined && { network }),
  };
  const selector = Object.keys(named).length > 0 ? named : bare(rest.shift());
  return { selector: { ...(limiter !== undefined && { limiter }), ...selector }, rest };
}

function bare(word: string | undefined): Selector {
  if (word === undefined) throw new ExpectedError("say for which key, --pattern or --network");
  if (word.includes("*")) return { pattern: word };
  return networkIn(word) ? { network: word } : { key: word };
}
