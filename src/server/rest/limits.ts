/** What one client may ask of the server. */
export interface Limits {
  /** Largest request body in bytes; default 10 MiB. */
  readonly maxRequestBytes: number;
  /** Largest answer in bytes, as it is sent; default 64 MiB. */
  readonly maxReplyBytes: number;
  /** Most commands in a pipeline or transaction; default 10 000. */
  readonly maxCommands: number;
  /** How long a client may take to send a request, or to read on in an answer, in ms; default 30 000. */
  readonly clientTimeoutMs: number;
  /** How long Redis may take to answer, in ms; default 30 000. */
  readonly redisTimeoutMs: number;
}

const [maxRequestBytes, maxReplyBytes, maxCommands] = [10 * 1024 * 1024, 64 * 1024 * 1024, 10_000];
export const DEFAULT_LIMITS: Limits = {
  maxRequestBytes,
  maxReplyBytes,
  maxCommands,
  clientTimeoutMs: 30_000,
  redisTimeoutMs: 30_000,
};

export function limitsWith(options: LimitOptions = {}): Limits {
  const given = Object.entries(options).filter(([, limit]) => limit !== undefined);
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given) };
}
