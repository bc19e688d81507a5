import { type ClientIpOptions, clientAddress } from "../keys/client-address.ts";
import { askedOf, messageOf, type NodeSubject } from "./subject.ts";

/** The options of `clientIp`. */
export interface NodeClientIpOptions extends Omit<ClientIpOptions, "onUnknownAddress"> {
  /**
   * Told of each request of which nobody tells an address that can be read: its key is `"unknown"`, and all of these clients
   * share one quota. What it throws is thrown. Default: a warning on the console, once in each process.
   */
  onUnknownAddress?: ((subject: NodeSubject) => void) | undefined;
}

/**
 * A key: the client's address, an IPv4 address or an IPv6 network. Believes what the framework says, which knows the proxies it
 * was told of: `req.ip` by Express's `trust proxy`, `request.ip` by Fastify's `trustProxy`, `ctx.ip` by Koa's `proxy`; else the
 * connection's peer. On Vercel it believes `X-Real-IP`. `trust` goes before all of these. `"unknown"` where nobody tells an
 * address that can be read, so that such clients share a quota. The second argument is there so that `key: clientIp` works: it is
 * not read. Throws a `TypeError` or `RangeError` on misuse.
 */
export function clientIp(subject: NodeSubject, _info?: unknown, options: NodeClientIpOptions = {}): string {
  const message = messageOf(subject);
  const { ip = message.socket?.remoteAddress } = subject as { ip?: string };
  // Servers that listen for both kinds tell IPv4 addresses so, and plain ones need no parsing.
  const remoteAddress = ip?.replace(/^::ffff:(?=\d+\.)/, "");
  const connection = { remoteAddr: { hostname: remoteAddress } };
  const { onUnknownAddress } = options;
  const told =
    typeof onUnknownAddress === "function"
      ? { ...options, onUnknownAddress: () => onUnknownAddress(subject) }
      : options;
  return clientAddress(askedOf(message) as Request, connection, told as ClientIpOptions);
}
