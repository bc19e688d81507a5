/** Addresses that begin with the same bits. IPv4 is a part of IPv6, as in `::ffff:192.0.2.1`, so that there is one kind. */
export interface Network {
  /** The eight groups of 16 bits, each as a UTF-16 code unit; behind the network's own bits zeros. */
  readonly text: string;
  /** How many bits are the same, from 0 to 128; of IPv4 from 96. */
  readonly bits: number;
}

/** Bits that stand before an IPv4 address. */
const IPV4_BITS = 96;
const IPV4_GROUPS = [0, 0, 0, 0, 0, 0xffff];

/** Of the address only the first `bits`, the others zero. */
export function maskedText(text: string, bits: number): string {
  const whole = bits >> 4;
  const rest = bits & 15;
  const group = rest === 0 ? "" : String.fromCharCode(text.charCodeAt(whole) & (0xffff << (16 - rest)));
  return (text.slice(0, whole) + group).padEnd(8, "\0");
}

/** The network in `192.0.2.0/24`, `192.0.2.1`, `2001:db8::/32` or `::1`; `undefined` for any other text. */
export function networkIn(text: string): Network | undefined {
  const [, address = "", length] = /^([\da-f:.]{2,45})(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const isIpv4 = !address.includes(":");
  const groups = isIpv4 ? ipv4Groups(address) : ipv6Groups(address);
  if (!groups) return undefined;
  const bits = length === undefined ? 128 : Number(length) + (isIpv4 ? IPV4_BITS : 0);
  if (bits > 128) return undefined;
  const full = String.fromCharCode(...(isIpv4 ? IPV4_GROUPS : []), ...groups);
  return { text: maskedText(full, bits), bits };
}

/** The network's one spelling. */
export function networkText({ text, bits }: Network): string {
  const groups = Array.from({ length: 8 }, (_group, i) => text.charCodeAt(i));
  if (bits >= IPV4_BITS && IPV4_GROUPS.every((group, i) => groups[i] === group)) {
    const bytes = groups.slice(6).flatMap((group) => [group >> 8, group & 255]);
    return `${bytes.join(".")}${bits < 128 ? `/${bits - IPV4_BITS}` : ""}`;
  }
  const written = groups.map((group) => group.toString(16)).join(":");
  // The first of the longest runs of zeros is left out.
  const longest = (written.match(/\b0(:0\b)+/g) ?? []).reduce(
    (one, other) => (other.length > one.length ? other : one),
    "",
  );
  const short = longest ? written.replace(new RegExp(`(^|:)${longest}(:|$)`), "::") : written;
  return `${short}${bits < 128 ? `/${bits}` : ""}`;
}

/** The two groups of `192.0.2.1`. A leading zero means another base to some, so it means no address here. */
function ipv4Groups(address: string): number[] | undefined {
  const bytes = address.split(".").map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined;
  const [a, b, c, d] = bytes as [number, number, number, number];
  return [a * 256 + b, c * 256 + d];
}

function ipv6Groups(address: string): number[] | undefined {
  const halves = address.split("::");
  const parts = halves.map((half, i) => (half === "" ? [] : groupsOf(half, i === halves.length - 1)));
  const [head, tail] = parts;
  if (!head || parts.includes(undefined)) return undefined;
  if (halves.length === 1) return head.length === 8 ? head : undefined;
  const left = 8 - head.length - (tail?.length ?? 0);
  if (halves.length > 2 || left < 1) return undefined;
  return [...head, ...new Array<number>(left).fill(0), ...(tail as number[])];
}

/** The groups between colons, of which the last two may be written as an IPv4 address. */
function groupsOf(text: string, mayEndInIpv4: boolean): number[] | undefined {
  const parts = text.split(":");
  const last = parts.at(-1) as string;
  const ipv4 = mayEndInIpv4 && last.includes(".") ? ipv4Groups(last) : undefined;
  if (ipv4) parts.pop();
  if (!parts.every((part) => /^[\da-f]{1,4}$/i.test(part))) return undefined;
  return [...parts.map((part) => Number.parseInt(part, 16)), ...(ipv4 ?? [])];
}
