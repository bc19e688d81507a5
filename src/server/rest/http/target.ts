import { RestError } from "../../errors.ts";
import type { Command, Word } from "../redis/protocol.ts";

/** `/set/foo?EX=100&_token=t` taken apart: `["set", "foo"]`, `["EX", "100"]` and the token. */
export type Target = { readonly segments: Command; readonly options: Command; readonly token: string | undefined };

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

/** Text where it is plain ASCII, else bytes: Node hands out a target's bytes as one character each. */
function decode(text: string): Word {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(text)) return text;
  return Buffer.from(
    text.replace(/%([\da-f]{2})/gi, (_, hex) => String.fromCharCode(Number(`0x${hex}`))),
    "latin1",
  );
}
