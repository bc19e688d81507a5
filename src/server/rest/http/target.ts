import { RestError } from "../../errors.ts";
import type { Command, Word } from "../redis/protocol.ts";

/** A request target taken apart: `/set/foo?EX=100&_token=t`. */
export interface Target {
  /** `["set", "foo"]`, decoded; bytes where they are no ASCII. */
  readonly segments: Command;
  /** `["EX", "100"]`: names, and values where they have one, without the token. */
  readonly options: Command;
  readonly token: string | undefined;
}

/** Takes a target apart. Percent signs that encode nothing stay, because the official client doesn't encode channels. */
export function parseTarget(url = "/"): Target {
  const [path = "", query = ""] = splitOnce(url, "?");
  const options: Word[] = [];
  let token: string | undefined;
  for (const pair of query.split("&").filter((each) => each !== "")) {
    const [name = "", value = ""] = splitOnce(pair.replaceAll("+", " "), "=").map(decode);
    if (name === "_token") token = String(value);
    else options.push(name, ...(value.length === 0 ? [] : [value]));
  }
  return { segments: path.slice(1).split("/").map(decode), options, token };
}

/** `POST /set/foo?EX=100` with body `V` is `SET foo V EX 100`. @throws {RestError} 400 if the path is empty */
export function pathCommand({ segments, options }: Target, body: Buffer): Command {
  if (segments[0]?.length === 0) throw new RestError(400, "ERR empty command");
  return [...segments, ...(body.length === 0 ? [] : [body]), ...options];
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): Word {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  if (/^[\x00-\x7f]*$/.test(text) && !text.includes("%")) return text;
  // Node hands out a target's bytes as one character each.
  const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(decoded, "latin1");
}
