import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AccessControl } from "./access.ts";
import { checkSize, errorAnswer } from "./app.ts";
import { readBody } from "./body.ts";
import { type Format, formatFor } from "./formats.ts";
import type { Gateway } from "./gateway.ts";
import { parseCommand } from "./json-command.ts";
import type { Limits } from "./limits.ts";
import { bearerToken } from "./tokens.ts";

export interface CommandListenerOptions {
  readonly gateway: Gateway;
  readonly accessControl: AccessControl;
  readonly limits: Limits;
  /** Gets every other request. */
  readonly others: RequestListener;
}

/**
 * `POST /` without the router: nearly every request of a rate limiter is this one, and on its own it costs a third of
 * what it costs as a route. The answers are the same.
 */
export function createCommandListener({
  gateway,
  accessControl,
  limits,
  others,
}: CommandListenerOptions): RequestListener {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { headers } = request;
    const wanted = () => formatFor(headers["upstash-encoding"] as string, headers["upstash-response-format"] as string);
    try {
      const given = accessControl.accessFor(bearerToken(headers.authorization));
      const access = given instanceof Promise ? await given : given;
      const format = wanted();
      const command = parseCommand(await readBody(request, limits.maxRequestBytes));
      const body = format.result(await gateway.one(access, command));
      checkSize(body, limits.maxReplyBytes);
      write(response, 200, format.contentType, body, { "upstash-sync-token": gateway.syncToken() });
    } catch (error) {
      const { status, message, contentType } = errorAnswer(error, wanted);
      write(response, status, contentType, message, request.complete ? {} : { connection: "close" });
    }
  };
  return (request, response) => {
    if (request.method === "POST" && request.url === "/") void answer(request, response);
    else others(request, response);
  };
}

function write(
  response: ServerResponse,
  status: number,
  contentType: Format["contentType"],
  body: string | Buffer,
  headers: Record<string, string>,
): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body), ...headers });
  response.end(body);
}
