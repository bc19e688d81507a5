import { STATUS_CODES } from "node:http";
import type { AccessControl } from "../access/access.ts";
import { bearerToken } from "../access/tokens.ts";
import type { Gateway } from "../commands/gateway.ts";
import type { Limits } from "../limits.ts";
import { checkSize, errorAnswer } from "./app.ts";
import { tooLarge } from "./body.ts";
import { type Format, formatFor } from "./formats.ts";
import { parseCommand, parseCommands } from "./json-command.ts";
import type { PlainRequest } from "./plain-request.ts";

export interface PlainAnswerOptions {
  readonly gateway: Gateway;
  readonly accessControl: AccessControl;
  readonly limits: Limits;
}

/** Answers a plain request with a whole HTTP response, the same that the routes would give. Never rejects. */
export type AnswerPlain = (request: PlainRequest) => Promise<string | Buffer>;

export function createPlainAnswer({ gateway, accessControl, limits }: PlainAnswerOptions): AnswerPlain {
  const date = createClock();
  return async ({ isPipeline, authorization, encoding, responseFormat, body }) => {
    const wanted = () => formatFor(encoding, responseFormat);
    try {
      const given = accessControl.accessFor(bearerToken(authorization));
      const access = given instanceof Promise ? await given : given;
      const format = wanted();
      if (body.length > limits.maxRequestBytes) throw tooLarge(limits.maxRequestBytes);
      const result = isPipeline
        ? format.list(await gateway.pipeline(access, parseCommands(body, limits.maxCommands)))
        : format.result(await gateway.one(access, parseCommand(body)));
      checkSize(result, limits.maxReplyBytes);
      return response(200, format.contentType, result, `upstash-sync-token: ${gateway.syncToken()}\r\n`, date());
    } catch (error) {
      const { status, message, contentType } = errorAnswer(error, wanted);
      return response(status, contentType, message, "", date());
    }
  };
}

function response(status: number, type: Format["contentType"], body: string | Buffer, more: string, date: string) {
  const length = Buffer.byteLength(body);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${type}\r\n${more}content-length: ${length}\r\ndate: ${date}\r\n\r\n`;
  return typeof body === "string" ? head + body : Buffer.concat([Buffer.from(head), body]);
}

/** The Date header, made once a second. */
function createClock(): () => string {
  let second = 0;
  let text = "";
  return () => {
    const now = Math.floor(Date.now() / 1000);
    if (now !== second) {
      second = now;
      text = new Date(now * 1000).toUTCString();
    }
    return text;
  };
}
