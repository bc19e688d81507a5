import { RestError } from "../../errors.ts";
import type { CommandTable } from "../redis/command-table.ts";
import type { Word } from "../redis/word.ts";

const reasons: readonly (readonly [reason: string, names: string])[] = [
  [
    "it would block a connection that all requests share",
    "BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF",
  ],
  [
    "a request has no connection of its own whose state it could change",
    "AUTH HELLO SELECT QUIT RESET CLIENT ASKING READONLY READWRITE",
  ],
  ["send the commands together to /multi-exec", "MULTI EXEC DISCARD WATCH UNWATCH"],
  [
    "messages are streamed by /subscribe/<channel> and /psubscribe/<pattern>",
    "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE",
  ],
  ["commands are streamed by /monitor", "MONITOR"],
  ["it is for servers, not for clients", "SYNC PSYNC REPLCONF REPLICAOF SLAVEOF FAILOVER SHUTDOWN"],
];

const REFUSED = new Map(reasons.flatMap(([reason, names]) => names.split(" ").map((name) => [name, reason] as const)));
const SCANS_ALL_KEYS = new Set(["SCAN", "KEYS"]);

/** Why a command is not sent to Redis, undefined if it is. `readOnly`: for the bearer of the read-only token. */
export function refusalOf(
  command: readonly Word[],
  readOnly: boolean,
  table: () => CommandTable,
): RestError | undefined {
  const name = String(command[0]).toUpperCase();
  const reason = REFUSED.get(name) ?? blockOption(name, command);
  if (reason !== undefined) return new RestError(400, `ERR Command is not available: '${name}', ${reason}`);
  if (!readOnly || (table().isRead(command) && !SCANS_ALL_KEYS.has(name))) return undefined;
  return new RestError(400, `NOPERM this user has no permissions to run the '${name.toLowerCase()}' command`);
}

/** XREAD and XREADGROUP block only if told so, before the word STREAMS after which the keys follow. */
function blockOption(name: string, command: readonly Word[]): string | undefined {
  if (name !== "XREAD" && name !== "XREADGROUP") return undefined;
  const words = command.map((word) => String(word).toUpperCase());
  const skipped = name === "XREADGROUP" ? 4 : 1;
  const block = words.indexOf("BLOCK", skipped);
  const streams = words.indexOf("STREAMS", skipped);
  return block !== -1 && (streams === -1 || block < streams) ? REFUSED.get("BLPOP") : undefined;
}
