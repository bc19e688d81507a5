/** Methods that change nothing: to repeat them does no harm, whatever has become of the first. */
const SAFE = /^(GET|HEAD|OPTIONS)$/i;

/** What a request is repeated by. */
interface Sent {
  readonly method: string;
  readonly body: unknown;
}

/**
 * Whether a request may be sent again after this status. 429 says that it was not carried out; 503 says so only to people, so
 * what changes something is not repeated. A stream can be read once.
 */
export function isRepeatable({ method, body }: Sent, status: number): boolean {
  if (status !== 429 && !(status === 503 && SAFE.test(method))) return false;
  return !(typeof body === "object" && body !== null && ("getReader" in body || Symbol.asyncIterator in body));
}
