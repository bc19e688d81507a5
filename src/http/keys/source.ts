/** What keys are made of: a request, or the Hono context that holds it. */
export type KeySource = Request | { readonly req: { readonly raw: Request } };

export function requestOf(source: KeySource): Request {
  return "req" in source ? source.req.raw : source;
}
