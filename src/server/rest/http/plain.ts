import type { IncomingMessage, RequestListener } from "node:http";
import { pipeline, Readable } from "node:stream";
import { type Contract, errorAnswer } from "./contract.ts";

const PATHS = new Set(["/", "/pipeline", "/multi-exec"]);

/**
 * Nearly every request of a rate limiter is a `POST /` that says how long it is. Answered here it costs less than half
 * of what it costs as a route. What comes from a web page goes to the router, which knows which pages may ask.
 */
export function answerPlain(contract: Contract, maxRequestBytes: number, router: RequestListener): RequestListener {
  const answer = async (request: IncomingMessage) => {
    const given = contract.admit(request);
    const access = given instanceof Promise ? await given : given;
    return contract.answer(request, access, await readBody(request));
  };
  return async (request, response) => {
    const { url = "", method, headers } = request;
    // Nothing depends on it, and the router would refuse some.
    headers.host = "localhost";
    const isPlain = method === "POST" && PATHS.has(url) && headers.origin === undefined;
    if (!isPlain || !(Number(headers["content-length"]) <= maxRequestBytes)) return router(request, response);
    const { status, headers: own, body } = await answer(request).catch((error) => errorAnswer(error, request));
    response.writeHead(status, own);
    if (typeof body === "string" || body instanceof Buffer) response.end(body);
    // As fast as the client reads; an error is that it is gone.
    else pipeline(Readable.from(body), response, () => {});
  };
}

/** The whole body; never resolves if the client breaks off. */
function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve(Buffer.concat(chunks)));
  });
}
