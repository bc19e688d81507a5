import { RestError } from "../../errors.ts";
import type { Word } from "../redis/word.ts";

/** The command in a JSON body such as `["SET","foo","bar","EX",100]`. @throws {RestError} 400 */
export function parseCommand(body: Buffer): Word[] {
  return toCommand(parseJson(body));
}

/**
 * The commands in a JSON body such as `[["GET","a"],["INCR","b"]]`.
 * @throws {RestError} 400 if it is none, 413 if it holds more than `most`
 */
export function parseCommands(body: Buffer, most: number): Word[][] {
  const value = parseJson(body);
  if (!Array.isArray(value)) throw new RestError(400, "ERR failed to parse pipeline: an array of commands is due");
  if (value.length > most) throw new RestError(413, `ERR the pipeline holds more than ${most} commands`);
  return value.map(toCommand);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new RestError(400, "ERR failed to parse command: the body is not JSON");
  }
}

function toCommand(value: unknown): Word[] {
  if (!Array.isArray(value)) throw new RestError(400, "ERR failed to parse command: an array of words is due");
  if (value.length === 0) throw new RestError(400, "ERR empty command");
  return value.map(toWord);
}

function toWord(value: unknown): Word {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new RestError(400, "ERR failed to parse command: a word is a string, a number or a boolean");
}
