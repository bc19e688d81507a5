import { StoreError } from "../core/errors.ts";

/** The most bytes of a reply; a thousand commands in one request are answered with less. */
const MOST_BYTES = 2 ** 20;

interface Reply {
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
  json(): Promise<unknown>;
}

/** The JSON in a reply; throws a `StoreError` once it grows past what any reply has. */
export async function jsonIn(reply: Reply): Promise<unknown> {
  const length = reply.headers.get("content-length");
  // To read it piece by piece costs more, so that is for replies that don't tell their length, or only that of what is packed.
  const isKnown = length !== null && !reply.headers.get("content-encoding");
  if (isKnown && Number(length) <= MOST_BYTES) return reply.json();
  const reader = reply.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
    bytes += piece.value.length;
    if (bytes > MOST_BYTES) {
      // What becomes of the rest is nobody's concern.
      reader?.cancel().catch(() => {});
      throw new StoreError("reply", `Redis answered with more than ${MOST_BYTES} bytes`);
    }
    text += decoder.decode(piece.value, { stream: true });
  }
  return JSON.parse(text);
}
