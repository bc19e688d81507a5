/** What limits need of a request: a `Request`, or a view of what another runtime calls one. */
export interface Asked {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers: Pick<Headers, "get">;
  /** Aborts when the client leaves; left out where something else tells. */
  readonly signal?: AbortSignal;
}
