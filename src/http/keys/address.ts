/**
 * The text that stands for a client's address, one for all its spellings: an IPv4 address, or an IPv6 network as in
 * `2001:db8:0:1::/64`. Ports, brackets and zones are dropped and IPv4 addresses unwrapped from IPv6 (`::ffff:192.0.2.1`).
 * `undefined` for anything else.
 */
export function addressKey(text: string, ipv6Subnet: number): string | undefined {
  // Most addresses are plain IPv4 and need no parsing.
  if (IPV4.test(text)) return text;
  const host = hostOf(text);
  if (IPV4.test(host)) return host;
  const groups = groupsOf(host);
  if (!groups) return undefined;
  if (groups.slice(0, 6).join() === "0,0,0,0,0,65535") {
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 255])
      .join(".");
  }
  const kept = groups.slice(0, Math.ceil(ipv6Subnet / 16)).map((group, i) => {
    const dropped = Math.max(0, 16 * (i + 1) - ipv6Subnet);
    return ((group >> dropped) << dropped).toString(16);
  });
  return `${kept.join(":")}${kept.length < 8 ? "::" : ""}/${ipv6Subnet}`;
}

const IPV4 = /^((25[0-5]|(2[0-4]|1\d|[1-9]?)\d)\.?\b){4}$/;

/** The address in `192.0.2.1:443`, `[2001:db8::1]:443` and `fe80::1%eth0`. */
function hostOf(text: string): string {
  return text
    .trim()
    .replace(/^\[(.*)\](:\d{1,5})?$/, "$1")
    .replace(/^([\d.]+):\d{1,5}$/, "$1")
    .replace(/(:.*)%.*/, "$1");
}

/** The eight groups of 16 bits of an IPv6 address, which may end in the dotted way of IPv4. */
function groupsOf(address: string): number[] | undefined {
  // Other text could end the brackets.
  if (!/^[\da-f:.]+$/i.test(address)) return undefined;
  try {
    // URLs write what is in brackets in one way.
    const { hostname } = new URL(`http://[${address}]`);
    const [head = [], tail = []] = hostname.split("::").map((half) => half.match(/[\da-f]+/g) ?? []);
    const zeros = new Array<string>(8 - head.length - tail.length).fill("0");
    return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
  } catch {
    return undefined;
  }
}
