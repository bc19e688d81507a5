import { RestError } from "../../errors.ts";
import type { Command, Word } from "../redis/protocol.ts";

/** Redis 6.2 hangs up above that. */
const MOST_WORDS = 1024 * 1024;
const WORD_DUE = "ERR failed to parse command: a word is a string, a number or a boolean";

/** The command in a JSON body such as `["SET","foo","bar","EX",100]`. @throws {RestError} 400, 413 */
export function parseCommand(body: Buffer): Command {
  checkShape(body, 1, 1);
  return toCommand(parseJson(body));
}

/** The commands, at most `most`, in a JSON body such as `[["GET","a"],["INCR","b"]]`. @throws {RestError} 400, 413 */
export function parseCommands(body: Buffer, most: number): Command[] {
  checkShape(body, 2, most);
  const value = parseJson(body);
  if (!Array.isArray(value)) throw new RestError(400, "ERR failed to parse pipeline: an array of commands is due");
  return value.map(toCommand);
}

/** Counts brackets and commas first: what can't be a command could keep JSON.parse busy for seconds. */
function checkShape(body: Buffer, mostDepth: number, mostCommands: number): void {
  let [depth, lists, words] = [0, 0, 1];
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (byte === 0x22) at = endOfString(body, at);
    else if (byte === 0x2c) words += 1;
    else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      lists += 1;
      if (depth > mostDepth) throw new RestError(400, WORD_DUE);
    }
  }
  const isTooLong = lists > mostCommands + mostDepth - 1;
  if (isTooLong) throw new RestError(413, `ERR the pipeline holds more than ${mostCommands} commands`);
  if (words > MOST_WORDS) throw new RestError(413, `ERR the request holds more than ${MOST_WORDS} words`);
}

/** Where the string that begins `at` a quote ends. */
function endOfString(body: Buffer, at: number): number {
  for (let end = body.indexOf(0x22, at + 1); end !== -1; end = body.indexOf(0x22, end + 1)) {
    let start = end;
    while (body[start - 1] === 0x5c) start -= 1;
    if ((end - start) % 2 === 0) return end;
  }
  return body.length;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new RestError(400, "ERR failed to parse command: the body is not JSON");
  }
}

function toCommand(value: unknown): Command {
  if (!Array.isArray(value)) throw new RestError(400, "ERR failed to parse command: an array of words is due");
  if (value.length === 0) throw new RestError(400, "ERR empty command");
  return value.map(toWord);
}

function toWord(value: unknown): Word {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new RestError(400, WORD_DUE);
}
