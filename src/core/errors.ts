/** Why the store could not answer: out of time, out of reach, not admitted, or an answer that makes no sense. */
export type StoreErrorKind = "timeout" | "network" | "auth" | "reply";

/** The store could not be asked, or its answer could not be used. Its text holds no token, key or script. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  constructor(
    readonly kind: StoreErrorKind,
    message: string,
    /** The code that Redis answered with, as in `"WRONGTYPE"`; undefined if it answered with none. */
    readonly code?: string,
  ) {
    super(message);
  }
}
