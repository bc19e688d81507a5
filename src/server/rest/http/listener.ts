import type { RequestListener, ServerResponse } from "node:http";
import type { Answer, Contract } from "./contract.ts";

const ROUTED = /^\/(health|monitor|p?subscribe)\b/;

/** Answers commands itself, which costs less than half of what it costs as a route; the router has what is left. */
export function createListener(contract: Contract, router: RequestListener): RequestListener {
  return (request, response) => {
    const { url = "", headers } = request;
    // The router knows which web pages may ask.
    if (ROUTED.test(url) || headers.origin !== undefined) {
      // Nothing depends on it, and the router would refuse some.
      headers.host = "localhost";
      return router(request, response);
    }
    void contract.answer(request).then((answer) => send(response, answer));
  };
}

function send(response: ServerResponse, { status, headers, body }: Answer): Promise<void> | undefined {
  response.writeHead(status, headers);
  if (typeof body !== "string" && !Buffer.isBuffer(body)) return sendPieces(response, body);
  response.end(body);
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
