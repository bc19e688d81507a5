import { RestError } from "../../errors.ts";
import { type CommandTable, SCRIPT } from "../redis/command-table.ts";
import { keyword, type Word } from "../redis/protocol.ts";

const BLOCKS = "it would block a connection that all requests share";
const CHANGES = "a request has no connection of its own whose state it could change";
const FOR_SERVERS = "it is for servers, not for clients";

/** What can't be told by the marks that Redis gives it, or not in every version. */
const NAMED: Readonly<Record<string, string>> = {
  // Redis takes these two for an HTTP request and hangs up.
  POST: "it is no Redis command",
  "HOST:": "it is no Redis command",
  MONITOR: "commands are streamed by /monitor",
  ...Object.fromEntries(["ASKING", "QUIT", "READONLY", "READWRITE", "SCRIPT|DEBUG"].map((name) => [name, CHANGES])),
  ...Object.fromEntries(["WAIT", "WAITAOF"].map((name) => [name, BLOCKS])),
};

/** Commands for administrators that do no harm to other clients' requests, or are meant to. */
const ADMINISTRATION = /^(ACL|CONFIG|LATENCY|SLOWLOG|SAVE|BGSAVE|BGREWRITEAOF|MODULE\|LIST)\b/;
const STATELESS = /^(PING|ECHO|COMMAND)\b/;
const SCANS_ALL_KEYS = /^(SCAN|KEYS)$/;

/** Why a command is not sent to Redis, undefined if it is. `readOnly`: for the bearer of the read-only token. */
export function refusalOf(command: readonly Word[], readOnly: boolean, table: CommandTable): RestError | undefined {
  const reason = reasonAgainst(command, table);
  const name = keyword(command[0]);
  if (reason !== undefined) return new RestError(400, `ERR Command is not available: '${name}', ${reason}`);
  if (!readOnly || mayRead(command, table)) return undefined;
  return new RestError(400, `NOPERM this user has no permissions to run the '${name.toLowerCase()}' command`);
}

function reasonAgainst(command: readonly Word[], table: CommandTable): string | undefined {
  const { name, marks } = table.find(command) ?? { name: keyword(command[0]), marks: new Set<string>() };
  const named = NAMED[name] ?? NAMED[`${name}|${keyword(command[1])}`];
  if (named !== undefined) return named;
  if (marks.has("@transaction")) return "send the commands together to /multi-exec";
  if (marks.has("@connection")) return STATELESS.test(name) ? undefined : CHANGES;
  if (marks.has("@blocking")) return marks.has("@stream") && !blocksOnStreams(command) ? undefined : BLOCKS;
  if (!marks.has("noscript") && !marks.has("admin")) return undefined;
  if (marks.has("@pubsub")) return "messages are streamed by /subscribe/<channel> and /psubscribe/<pattern>";
  return marks.has("admin") && !ADMINISTRATION.test(name) ? FOR_SERVERS : undefined;
}

/** Reads the options of XREAD and XREADGROUP as Redis does: a stream, group or consumer may be called BLOCK. */
function blocksOnStreams(command: readonly Word[]): boolean {
  const skipped: Readonly<Record<string, number>> = { COUNT: 2, GROUP: 3 };
  for (let at = 1; at < command.length; ) {
    const option = keyword(command[at]);
    if (option === "BLOCK" || option === "STREAMS") return option === "BLOCK";
    at += skipped[option] ?? 1;
  }
  return false;
}

/** Scripts are left out: they could run what is refused by itself. */
function mayRead(command: readonly Word[], table: CommandTable): boolean {
  const { name = "", marks } = table.find(command) ?? {};
  if (SCRIPT.test(name) || SCANS_ALL_KEYS.test(name)) return false;
  return /^(PING|ECHO)$/.test(name) || (marks?.has("readonly") ?? false);
}
