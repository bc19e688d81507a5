/** A request that says all in one piece: `POST /` or `POST /pipeline`, its headers and its whole body. */
export interface PlainRequest {
  readonly isPipeline: boolean;
  readonly authorization: string | undefined;
  readonly encoding: string | undefined;
  readonly responseFormat: string | undefined;
  readonly body: Buffer;
}

const COMMAND = "POST / HTTP/1.1\r\n";
const PIPELINE = "POST /pipeline HTTP/1.1\r\n";
const END = "\r\n\r\n";
const LONGEST_HEAD = 8192;
const LINE = /^([A-Za-z0-9-]+):[ \t]*([\t\x20-\x7e]*)$/;

/** Headers that change how a request is to be read; what has one of them is not plain. */
const NOT_PLAIN = new Set(["transfer-encoding", "expect", "upgrade", "trailer", "te", "content-encoding"]);

/**
 * Reads a chunk that is exactly one plain request. Anything else, however slightly, gives undefined and is left to the
 * full HTTP parser: this one decides nothing that two readers could see differently.
 */
export function readPlainRequest(chunk: Buffer): PlainRequest | undefined {
  const line = [COMMAND, PIPELINE].find((each) => chunk.toString("latin1", 0, each.length) === each);
  if (line === undefined) return undefined;
  const end = chunk.indexOf(END, line.length - 2, "latin1");
  if (end === -1 || end > LONGEST_HEAD) return undefined;
  const seen = new Map<string, string>();
  for (const header of chunk.toString("latin1", line.length, end).split("\r\n")) {
    const [, name, value] = LINE.exec(header) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    if (NOT_PLAIN.has(key) || seen.has(key)) return undefined;
    seen.set(key, value);
  }
  if (!seen.has("host") || (seen.get("connection") ?? "keep-alive").toLowerCase() !== "keep-alive") return undefined;
  const length = seen.get("content-length") ?? "";
  const start = end + END.length;
  if (!/^\d{1,9}$/.test(length) || chunk.length - start !== Number(length)) return undefined;
  return {
    isPipeline: line === PIPELINE,
    authorization: seen.get("authorization")?.trimEnd(),
    encoding: seen.get("upstash-encoding")?.trimEnd(),
    responseFormat: seen.get("upstash-response-format")?.trimEnd(),
    body: chunk.subarray(start),
  };
}
