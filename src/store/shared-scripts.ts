/** A command's name and its arguments. */
export type Command = readonly (string | number)[];

/** Digests of scripts by their texts. */
export type Digests = ReadonlyMap<string, string>;

/** A command of a request. If it is an `EVAL`, it may rely on another one to bring the script's text. */
export interface Sharing {
  readonly command: Command;
  /** How often it relied on another one in vain. */
  readonly misses: number;
}

/** From so many misses on a command brings its text itself: behind a cluster, each node may miss a script once. */
const MOST_MISSES = 3;

const utf8 = new TextEncoder();

/** The texts that more than one `EVAL` brings, with the digests that Redis knows them by; undefined if there are none. */
export function digestsOfRepeated(calls: readonly Sharing[]): Promise<Digests> | undefined {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const text of calls.filter(isEval).map(textOf)) (seen.has(text) ? repeated : seen).add(text);
  if (repeated.size === 0) return undefined;
  return Promise.all([...repeated].map(async (text) => [text, await sha1(text)] as const)).then((all) => new Map(all));
}

/**
 * The commands, in order, with such a text in its first `EVAL` alone: those behind it name the digest, since Redis knows the
 * script by then, unless it could not compile it. `reliesOn[i]` is the index of the command that brings the text for `i`.
 */
export function shareScripts(calls: readonly Sharing[], digests: Digests | undefined) {
  const brings = new Map<string, number>();
  const reliesOn: (number | undefined)[] = [];
  const commands = calls.map((call, i): Command => {
    const text = textOf(call);
    const digest = isEval(call) ? digests?.get(text) : undefined;
    if (digest === undefined) return call.command;
    reliesOn[i] = call.misses < MOST_MISSES ? brings.get(text) : undefined;
    if (reliesOn[i] !== undefined) return ["EVALSHA", digest, ...call.command.slice(2)];
    if (!brings.has(text)) brings.set(text, i);
    return call.command;
  });
  return { commands, reliesOn };
}

const isEval = ({ command }: Sharing) => command[0] === "EVAL";

const textOf = ({ command }: Sharing) => `${command[1]}`;

async function sha1(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", utf8.encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
