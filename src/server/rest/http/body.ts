import type { IncomingMessage } from "node:http";
import { RestError } from "../../errors.ts";

export function tooLarge(maxBytes: number): RestError {
  return new RestError(413, `ERR the request is larger than ${maxBytes} bytes`);
}

/** The whole body of a request. @throws {RestError} 413 above `maxBytes`, 400 if the client went away */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      // What follows is read and dropped: a client that still sends would not see the answer.
      else if (size - chunk.length <= maxBytes) {
        chunks.length = 0;
        reject(tooLarge(maxBytes));
      }
    });
    request.on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on("close", () => {
      if (!request.complete) reject(new RestError(400, "ERR the request ended early"));
    });
  });
}
