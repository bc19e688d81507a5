/** What runtimes and servers pass beside the request, as far as it tells the peer's address. */
interface Connection {
  /** Bun's server. */
  requestIP?(request: Request): { address?: string } | null;
  /** Deno's connection info. */
  remoteAddr?: { hostname?: string };
  /** Node's request, as @hono/node-server passes it. */
  incoming?: { socket?: { remoteAddress?: string } };
  /** SvelteKit's event. */
  getClientAddress?(): string;
}

/** The runtime's globals, looked at when a request comes: at import they may not be set yet. */
interface Runtime {
  Deno?: unknown;
  navigator?: { userAgent?: string };
  process?: { env?: { VERCEL?: string } };
}

/**
 * The client's address as the platform tells it. The platform is recognised by what no request can set: the runtime's
 * name, or the deployment's environment. Only there are the platform's own headers believed, since the platform overwrites
 * what clients send in them. Elsewhere the address is the connection's peer, as the handler's second argument tells it.
 */
export function platformAddress(request: Request, info: unknown): string | null | undefined {
  const { headers } = request;
  const { Deno, navigator, process } = globalThis as Runtime;
  if (navigator?.userAgent === "Cloudflare-Workers") return headers.get("CF-Connecting-IP");
  // Deno asks its user before anything reads the environment.
  if (!Deno && process?.env?.VERCEL === "1") return headers.get("X-Real-IP") ?? headers.get("X-Vercel-Forwarded-For");
  return peerAddress(request, info);
}

function peerAddress(request: Request, info: unknown): string | undefined {
  // Some Hono adapters wrap what the runtime passes.
  const { server = info } = Object(info) as { server?: unknown };
  const told = Object(server) as Connection;
  try {
    const address = told.requestIP?.(request)?.address ?? told.getClientAddress?.();
    return address ?? told.remoteAddr?.hostname ?? told.incoming?.socket?.remoteAddress;
  } catch {
    // SvelteKit's adapters throw where a request has no address.
    return undefined;
  }
}
