/**
 * The text that stands for a client's address, one for all its spellings: an IPv4 address, or an IPv6 network as in
 * `2001:db8:0:1::/64`. Ports, brackets and zones are dropped and IPv4 addresses unwrapped from IPv6 (`::ffff:192.0.2.1`).
 * `undefined` for anything else.
 */
export function addressKey(text: string, ipv6Subnet: number): string | undefined {
  const host = hostOf(text);
  const groups = groupsOf(/^[^:]*\./.test(host) ? `::ffff:${host}` : host);
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

/** The address in `192.0.2.1:443`, `[2001:db8::1]:443` and `fe80::1%eth0`. */
function hostOf(text: string): string {
  return text
    .trim()
    .replace(/^\[(.*)\](:\d{1,5})?$/, "$1")
    .replace(/^([\d.]+):\d{1,5}$/, "$1")
    .replace(/(:.*)%.*/, "$1");
}

/** The eight groups of 16 bits of an IPv6 address. */
function groupsOf(address: string): number[] | undefined {
  const halves = address.split("::").map((half) => (half === "" ? [] : half.split(":").flatMap(groupsOfPart)));
  const [head = [], tail] = halves;
  const written = halves.flat();
  const complete = tail ? halves.length === 2 && written.length < 8 : written.length === 8;
  // Only the address may end in dots.
  if (!complete || written.some(Number.isNaN) || /\..*:/.test(address)) return undefined;
  return tail ? [...head, ...new Array<number>(8 - written.length).fill(0), ...tail] : head;
}

/** One group in hexadecimal, or two in the dotted way of IPv4; `NaN` for anything else. */
function groupsOfPart(part: string): number[] {
  if (/^[\da-f]{1,4}$/i.test(part)) return [Number.parseInt(part, 16)];
  // Leading zeros are refused: some readers take them for octal.
  const bytes = part.split(".").map((byte) => (/^(0|[1-9]\d{0,2})$/.test(byte) ? Number(byte) : 256));
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return bytes.length === 4 && Math.max(...bytes) < 256 ? [a * 256 + b, c * 256 + d] : [Number.NaN];
}
