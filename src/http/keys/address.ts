/**
 * The text that stands for a client's address, one for all its spellings: an IPv4 address, or an IPv6 network as in
 * `2001:db8:0:1::/64`. Ports, brackets and zones are dropped and IPv4 addresses unwrapped from IPv6 (`::ffff:192.0.2.1`).
 * `undefined` for anything else.
 */
export function addressKey(text: string, ipv6Subnet: number): string | undefined {
  const host = hostOf(text.trim());
  const bytes = ipv4(host);
  if (bytes) return bytes.join(".");
  const groups = ipv6(host);
  if (!groups) return undefined;
  if (isMapped(groups)) return unwrapped(groups).join(".");
  const masked = groups.map((group, i) => group & (0xffff << (16 - Math.min(16, Math.max(0, ipv6Subnet - 16 * i)))));
  const kept = masked.slice(0, Math.ceil(ipv6Subnet / 16)).map((group) => group.toString(16));
  return `${kept.join(":")}${kept.length < 8 ? "::" : ""}/${ipv6Subnet}`;
}

/** `192.0.2.1:443`, `[2001:db8::1]:443` and `fe80::1%eth0` without what follows the address. */
function hostOf(text: string): string {
  const withPort = /^(?:\[([^\]]*:[^\]]*)\]|([^:]*))(?::\d{1,5})?$/.exec(text);
  const host = withPort?.[1] ?? withPort?.[2] ?? text;
  return host.includes(":") ? host.replace(/%.*$/, "") : host;
}

/** Four bytes. Leading zeros are refused: some readers take them for octal. */
function ipv4(text: string): number[] | undefined {
  const parts = text.split(".");
  const bytes = parts.map(Number);
  const wellFormed = parts.every((part, i) => /^(0|[1-9]\d{0,2})$/.test(part) && (bytes[i] as number) < 256);
  return parts.length === 4 && wellFormed ? bytes : undefined;
}

/** Eight groups of 16 bits. */
function ipv6(text: string): number[] | undefined {
  const tail = text.slice(text.lastIndexOf(":") + 1);
  const bytes = ipv4(tail);
  const plain = bytes
    ? text.slice(0, -tail.length) +
      pairs(bytes)
        .map((group) => group.toString(16))
        .join(":")
    : text;
  const halves = plain.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const [head = [], rest] = halves;
  const written = halves.flat();
  if (halves.length > 2 || (rest ? written.length > 7 : written.length !== 8)) return undefined;
  if (!written.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  const zeros = new Array<string>(8 - written.length).fill("0");
  return [...head, ...zeros, ...(rest ?? [])].map((group) => Number.parseInt(group, 16));
}

const pairs = ([a = 0, b = 0, c = 0, d = 0]: number[]) => [a * 256 + b, c * 256 + d];

const isMapped = (groups: number[]) => groups.slice(0, 6).join() === "0,0,0,0,0,65535";

const unwrapped = (groups: number[]) => groups.slice(6).flatMap((group) => [group >> 8, group & 255]);
