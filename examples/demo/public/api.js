// What the page asks of the Worker.

const FIELDS = ["RateLimit-Policy", "RateLimit", "Retry-After", "X-Decided-By"];

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {number} tookMs
 * @property {string} source who decided: store, snapshot, lease or fallback
 * @property {number} asked how often Redis was asked since the answer before
 * @property {[string, string][]} fields the response fields that tell of the limit
 * @property {Record<string, unknown>} body
 */

/** Sends one request that counts. Throws if the Worker itself can't be reached. */
export async function send(path, apiKey) {
  const sentAt = performance.now();
  const response = await fetch(path, { headers: headersOf(apiKey), cache: "no-store" });
  const body = await response.json();
  /** @type {Answer} */
  return {
    status: response.status,
    tookMs: performance.now() - sentAt,
    source: response.headers.get("X-Decided-By") ?? "",
    asked: Number(response.headers.get("X-Redis-Asked") ?? 0),
    fields: FIELDS.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
    body,
  };
}

/** Looks at the quotas and takes nothing. Throws if the Worker itself can't be reached. */
export async function look(apiKey, withLeases) {
  const response = await fetch(withLeases ? "/api/status?leases" : "/api/status", {
    headers: headersOf(apiKey),
    cache: "no-store",
  });
  return response.json();
}

function headersOf(apiKey) {
  return apiKey ? { "x-api-key": apiKey } : {};
}
