import type { Asked } from "../asked.ts";

/** What keys are made of: a request, or the Hono context that holds it. */
export type KeySource = Asked | { readonly req: { readonly raw: Asked } };

export function requestOf(source: KeySource): Asked {
  return "req" in source ? source.req.raw : source;
}
