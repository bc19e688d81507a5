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

/** Some of them; the others have their defaults. */
export type LimitOptions = { readonly [Name in keyof Limits]?: Limits[Name] | undefined };

export const DEFAULT_LIMITS: Limits = {
  maxRequestBytes: 10 * 1024 * 1024,
  maxReplyBytes: 64 * 1024 * 1024,
  maxCommands: 10_000,
  clientTimeoutMs: 30_000,
  redisTimeoutMs: 30_000,
};

export function limitsWith(options: LimitOptions = {}): Limits {
  const given = Object.entries(options).filter(([, limit]) => limit !== undefined);
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given) };
}
