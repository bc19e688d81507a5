import type { RequestListener, ServerResponse } from "node:http";
import type { Contract } from "./contract.ts";

const ROUTED = /^\/(health|monitor|p?subscribe)\b/;

/** Answers commands itself, which costs less than half of what it costs as a route; the router has what is left. */
export function createListener(contract: Contract, router: RequestListener): RequestListener {
  return async (request, response) => {
    const { url = "", headers } = request;
    // Nothing depends on it, and the router would refuse some.
    headers.host = "localhost";
    // The router knows which web pages may ask.
    if (ROUTED.test(url) || headers.origin !== undefined) return router(request, response);
    const { status, headers: own, body } = await contract.answer(request);
    response.writeHead(status, own);
    if (typeof body === "string" || Buffer.isBuffer(body)) response.end(body);
    else await sendPieces(response, body);
  };
}

/** As fast as the client reads. */
async function sendPieces(response: ServerResponse, pieces: AsyncIterable<Buffer>): Promise<void> {
  for await (const piece of pieces) {
    const error = await new Promise((resolve) => response.write(piece, resolve));
    // The client is gone.
    if (error) return;
  }
  response.end();
}
