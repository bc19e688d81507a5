/** A limiter, as far as its description tells it. */
export interface LimiterToDescribe {
  readonly name: string;
  readonly policies: readonly PolicyToDescribe[];
  /** What a penalty or a store has to say of it besides, as it is kept: plain data. */
  readonly details?: { readonly [What in "penalty" | "regions"]?: object };
}

/** A policy of it. */
export interface PolicyToDescribe {
  readonly name: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  /** The letter that stands for the algorithm in store keys, and, if it has settings of its own, what stands there for these. */
  readonly algorithm: { readonly code: string; readonly kind?: ((window: string) => string) | undefined };
}
