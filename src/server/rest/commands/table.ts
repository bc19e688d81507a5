import { RestError } from "../../errors.ts";
import { type Command, keyword, type Reply, type Word } from "../redis/protocol.ts";

export type CommandTable = ReturnType<typeof createCommandTable>;

const BLOCKS = "it would block a connection that all requests share";
const CHANGES = "a request has no connection of its own whose state it could change";
/** What the marks that Redis gives its commands don't tell, or not in every version. */
const REFUSED = new Map([
  // Redis takes these two for an HTTP request and hangs up.
  ...["POST", "HOST:"].map((name) => [name, "it is no Redis command"] as const),
  ["MONITOR", "commands are streamed by /monitor"] as const,
  ...["WAIT", "WAITAOF"].map((name) => [name, BLOCKS] as const),
  ...["SCRIPT|DEBUG", "ASKING", "QUIT", "READONLY", "READWRITE"].map((name) => [name, CHANGES] as const),
]);
/** Commands for administrators that do no harm to other clients' requests, or are meant to. */
const ADMINISTRATION = /^(ACL|CONFIG|LATENCY|SLOWLOG|SAVE|BGSAVE|BGREWRITEAOF|MODULE\|LIST)\b/;
const STATELESS = /^(PING|ECHO|COMMAND)\b/;
const SCRIPT = /^(EVAL|EVALSHA|FCALL)(_RO)?$/;

/** What may be done with which command. It knows only what is always refused, until it has learnt from Redis. */
export function createCommandTable() {
  const commands = new Map([...REFUSED.keys()].map((name) => [name, describe(name, new Set(), 0)]));
  const containers = new Set(["SCRIPT"]);
  const find = (command: Command) => {
    const name = keyword(command[0]);
    // Containers such as XINFO carry their marks on `XINFO|STREAM`.
    return (containers.has(name) && commands.get(`${name}|${keyword(command[1])}`)) || commands.get(name);
  };
  return {
    /** Takes in what Redis answers to `COMMAND`. */
    learn(reply: Reply, container = ""): void {
      for (const [word, , flags, firstKey, , , categories, , , subcommands] of reply as readonly Reply[][]) {
        const name = keyword(word as Buffer);
        const marks = new Set([flags, categories].flatMap((each) => (each ?? []) as readonly Reply[]).map(String));
        commands.set(name, describe(name, marks, Number(firstKey)));
        containers.add(container);
        this.learn(subcommands ?? [], name);
      }
    },
    /** Why a command is not sent to Redis, undefined if it is. `readOnly`: for the bearer of the read-only token. */
    refusalOf(command: Command, readOnly: boolean): RestError | undefined {
      const info = find(command);
      const reason = info?.refusal ?? (info?.isStreamRead && blocksOnStreams(command) ? BLOCKS : undefined);
      if (reason === undefined && (!readOnly || info?.mayRead)) return undefined;
      const name = keyword(command[0]);
      if (reason !== undefined) return new RestError(400, `ERR Command is not available: '${name}', ${reason}`);
      return new RestError(400, `NOPERM this user has no permissions to run the '${name.toLowerCase()}' command`);
    },
    /** True unless Redis marks the command as one that never writes. */
    mayWrite: (command: Command): boolean => find(command)?.mayWrite ?? true,
    /** The key that decides to which node of a cluster the command goes; undefined if it has none. */
    firstKey(command: Command): Word | undefined {
      const { firstKey = 0, isStreamRead = false } = find(command) ?? {};
      if (firstKey > 0) return command[firstKey];
      if (isStreamRead) return command[command.map(keyword).indexOf("STREAMS") + 1];
      // The number of keys comes before them, and a script or function before that.
      const at = SCRIPT.test(keyword(command[0])) ? 2 : 1;
      return Number(command[at]) > 0 ? command[at + 1] : undefined;
    },
  };
}

function describe(name: string, marks: ReadonlySet<string>, firstKey: number) {
  const isScript = SCRIPT.test(name);
  return {
    refusal: REFUSED.get(name) ?? refusalFor(name, marks),
    // A script could run what is refused by itself.
    mayRead: /^(PING|ECHO)$/.test(name) || (marks.has("readonly") && !isScript && !/^(SCAN|KEYS)$/.test(name)),
    mayWrite: isScript ? !name.endsWith("_RO") : marks.has("write"),
    isStreamRead: marks.has("@blocking") && marks.has("@stream"),
    firstKey,
  };
}

function refusalFor(name: string, marks: ReadonlySet<string>): string | undefined {
  if (marks.has("@transaction")) return "send the commands together to /multi-exec";
  if (marks.has("@connection")) return STATELESS.test(name) ? undefined : CHANGES;
  if (marks.has("@blocking")) return marks.has("@stream") ? undefined : BLOCKS;
  const isSubscription = marks.has("@pubsub") && marks.has("noscript");
  if (isSubscription) return "messages are streamed by /subscribe/<channel> and /psubscribe/<pattern>";
  return marks.has("admin") && !ADMINISTRATION.test(name) ? "it is for servers, not for clients" : undefined;
}

/** Reads the options of XREAD and XREADGROUP as Redis does: a stream, group or consumer may be called BLOCK. */
function blocksOnStreams(command: Command): boolean {
  for (let at = 1; at < command.length; at += 1) {
    const option = keyword(command[at]);
    if (option === "BLOCK" || option === "STREAMS") return option === "BLOCK";
    at += option === "GROUP" ? 2 : option === "COUNT" ? 1 : 0;
  }
  return false;
}
