import { Command, type CommandUnknownOpts, InvalidArgumentError } from "@commander-js/extra-typings";
import type { Duration } from "../../../core/duration.ts";
import { StoreError } from "../../../core/errors.ts";
import { type AddedRule, type NewRule, openRules, type Rules } from "../../../rules/open-rules.ts";
import { ExpectedError } from "../../errors.ts";
import { DATABASE, databaseOfEnvironment, namespaceOption } from "../database.ts";
import { userName } from "../user-name.ts";
import { limitsIn } from "./limits.ts";
import { historyText, rulesText } from "./print.ts";
import { selectorOf } from "./selector.ts";

const EXAMPLES = `
Examples:
  sluice rules block login 203.0.113.0/24 --for 1h --why "credential stuffing"
  sluice rules allow --all --key health-check
  sluice rules limit api "tenant:acme" daily=50000 --for 7d
  sluice rules list
  sluice rules remove 12

A bare word is a key, unless it has a * (a pattern) or is an address or a network.
${DATABASE}
Running programs see a change within the refreshMs of their rules.`;

/** What every command that adds a rule takes. */
interface AddFlags {
  readonly for?: string | undefined;
  readonly why?: string | undefined;
  readonly by: string;
  readonly force?: true | undefined;
  readonly json?: true | undefined;
  readonly namespace?: string | undefined;
}

/** The command `rules`: lists and changes what operators may change while limiters run. */
export function rulesCommand(): CommandUnknownOpts {
  return new Command("rules")
    .description("Change limits, and allow or block keys, while limiters run.")
    .addHelpText("after", EXAMPLES)
    .addCommand(adding("block", "Deny keys before any quota."))
    .addCommand(adding("allow", "Let keys pass without counting them."))
    .addCommand(adding("limit", "Give keys other limits: <policy>=<n> for each."))
    .addCommand(listing("list", "Print the rules that have not ended.", (rules) => rules.list(), rulesText))
    .addCommand(listing("history", "Print the last 100 changes.", (rules) => rules.history(), historyText))
    .addCommand(removing());
}

function adding(what: NewRule["what"], description: string): CommandUnknownOpts {
  const words = what === "limit" ? "<limiter> <key> <policy>=<n>…" : "<limiter> <key>";
  return new Command(what)
    .usage(`[options] ${words}`)
    .description(description)
    .argument("[words...]", words)
    .option("--all", "for all limiters, in place of the first word")
    .option("--key <key>", "for this key, whatever it looks like")
    .option("--pattern <pattern>", "for keys in which each * stands for anything")
    .option("--network <network>", "for keys with such an address in them")
    .option("--for <duration>", 'how long, e.g. "30m", "12h", "7d"; default: until removed')
    .option("--why <text>", "why, for other operators")
    .option("--by <name>", "who", userName())
    .option("--force", "also what is refused as a likely mistake, such as the pattern *")
    .option("--json", "print JSON")
    .addOption(namespaceOption())
    .action((words, flags) =>
      run(async () => {
        const { selector, rest } = selectorOf(words, flags);
        const limits = what === "limit" ? { limits: limitsIn(rest) } : undefined;
        if (!limits && rest.length > 0) throw new ExpectedError(`too many words: ${rest.join(" ")}`);
        const lasting = flags.for === undefined ? undefined : { for: flags.for as Duration };
        const rule: NewRule = { what, ...selector, ...limits, ...lasting, why: flags.why, by: flags.by };
        printAdded(await opened(flags).add(rule, { force: flags.force }), flags);
      }),
    );
}

function listing<T>(
  name: string,
  description: string,
  read: (rules: Rules) => Promise<T>,
  text: (found: T) => string,
): CommandUnknownOpts {
  return new Command(name)
    .description(description)
    .option("--json", "print JSON")
    .addOption(namespaceOption())
    .action((flags) =>
      run(async () => {
        const found = await read(opened(flags));
        console.log(flags.json ? JSON.stringify(found, null, 2) : text(found));
      }),
    );
}

function removing(): CommandUnknownOpts {
  return new Command("remove")
    .description("Remove a rule.")
    .argument("<id>", "its number", (word) => {
      if (/^[1-9]\d{0,14}$/.test(word)) return Number(word);
      throw new InvalidArgumentError("The number of a rule is due, as list prints it.");
    })
    .option("--by <name>", "who", userName())
    .option("--json", "print JSON")
    .addOption(namespaceOption())
    .action((id, flags) =>
      run(async () => {
        const removed = await opened(flags).remove(id, { by: flags.by });
        if (!removed) throw new ExpectedError(`there is no rule ${id}`);
        console.log(flags.json ? JSON.stringify(removed, null, 2) : rulesText([removed]));
      }),
    );
}

function opened({ namespace }: { namespace?: string | undefined }): Rules {
  return openRules({ redis: databaseOfEnvironment(), namespace });
}

function printAdded({ rule, warnings }: AddedRule, { json }: AddFlags): void {
  for (const warning of warnings) console.error(`sluice: warning: ${warning}`);
  console.log(json ? JSON.stringify(rule, null, 2) : rulesText([rule]));
}

/** Runs a task; what a person can mend is one line and exit code 1. */
async function run(task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    const isExpected = [ExpectedError, StoreError, RangeError, TypeError].some((kind) => error instanceof kind);
    if (!isExpected) throw error;
    const { message } = error as Error;
    console.error(`sluice: ${message}${message.startsWith("Refused: ") ? "; --force takes it all the same" : ""}`);
    process.exitCode = 1;
  }
}
