declare module "cloudflare:workers" {
  /** The Worker under test: each call is a request of its own to the runtime. */
  export const exports: { default: { fetch(url: string, init?: RequestInit): Promise<Response> } };
}
