import { checkFunction } from "../../core/misuse.ts";
import { wholeNumber } from "../../core/whole-number.ts";
import { addressKey } from "./address.ts";
import { platformAddress } from "./platform.ts";

export interface ClientIpOptions {
  /**
   * Whom to believe instead of the platform. A header's name, as in `"fly-client-ip"`: your proxy sets it on every request
   * (of several addresses in it the last counts). Or the number of your proxies, from 1: each adds the address that it was
   * called from to `X-Forwarded-For`, so the client's is that many from the right. Only safe if nobody can reach the
   * server around these proxies. Default: nobody.
   */
  trust?: string | number | undefined;
  /** Leading bits of an IPv6 address that make one client, a whole number from 1 to 128. Default 64, a usual subnet. */
  ipv6Subnet?: number | undefined;
  /**
   * Told of each request of which nobody tells an address that can be read: its key is `"unknown"`, and all of these clients
   * share one quota. What it throws is thrown. Default: a warning on the console, once in each isolate.
   */
  onUnknownAddress?: ((request: Request) => void) | undefined;
}

/** The key of all clients whose address nobody tells: they share one quota, for a limit that is missing goes unseen. */
const UNKNOWN_ADDRESS = "unknown";

let hasWarned = false;

/** The client's address as a key; see `clientIp`. */
export function clientAddress(request: Request, info: unknown, options: ClientIpOptions = {}): string {
  const { trust, ipv6Subnet = 64, onUnknownAddress = warnOnce } = options;
  checkFunction("onUnknownAddress", onUnknownAddress);
  wholeNumber("ipv6Subnet", ipv6Subnet, 1, 128);
  const text = trust === undefined ? platformAddress(request, info) : forwardedAddress(request.headers, trust);
  const key = addressKey(text ?? "", ipv6Subnet);
  if (!key) onUnknownAddress(request);
  return key ?? UNKNOWN_ADDRESS;
}

function warnOnce(): void {
  if (hasWarned) return;
  hasWarned = true;
  // biome-ignore lint/suspicious/noConsole: a quota that clients share by mistake denies them, and nobody knows why.
  console.warn('clientIp: clients without an address share the key "unknown"; see its option trust');
}

function forwardedAddress(headers: Headers, trust: string | number): string | undefined {
  if (typeof trust === "string") return headers.get(trust)?.split(",").at(-1);
  return headers
    .get("X-Forwarded-For")
    ?.split(",")
    .at(-wholeNumber("trust", trust, 1));
}
