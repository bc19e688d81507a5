/** Addresses that begin with the same bits. IPv4 is a part of IPv6, as in `::ffff:192.0.2.1`, so that there is one kind. */
export interface Network {
  /** The eight groups of 16 bits, each as a UTF-16 code unit; behind the network's own bits zeros. */
  readonly text: string;
  /** How many bits are the same, from 0 to 128; of IPv4 from 96. */
  readonly bits: number;
}

/** Bits that stand before an IPv4 address. */
const IPV4_BITS = 96;
const IPV4_PREFIX = "\0\0\0\0\0\uffff";

const [DOT, ZERO, COLON] = [0x2e, 0x30, 0x3a] as const;

export const isIpv4 = ({ text, bits }: Network) => bits >= IPV4_BITS && text.startsWith(IPV4_PREFIX);

/** The first `bits` of the eight groups, and nothing behind them. */
export function prefixOf(text: string, bits: number): string {
  const whole = bits >> 4;
  const rest = bits & 15;
  if (rest === 0) return text.slice(0, whole);
  return text.slice(0, whole) + String.fromCharCode(text.charCodeAt(whole) & (0xffff << (16 - rest)));
}

/** The network in `192.0.2.0/24`, `192.0.2.1`, `2001:db8::/32` or `::1`; `undefined` for any other text. */
export function networkIn(text: string): Network | undefined {
  const slash = text.indexOf("/");
  const end = slash < 0 ? text.length : slash;
  const isShort = text.indexOf(":") < 0;
  const groups = isShort ? ipv4Groups(text, 0, end) : ipv6Groups(text, end);
  if (!groups) return undefined;
  let bits = 128;
  if (slash >= 0) {
    const length = decimalIn(text, slash + 1, text.length);
    bits = length < 0 ? 129 : length + (isShort ? IPV4_BITS : 0);
  }
  if (bits > 128) return undefined;
  const full = (isShort ? IPV4_PREFIX : "") + String.fromCharCode(...groups);
  return { text: bits === 128 ? full : prefixOf(full, bits).padEnd(8, "\0"), bits };
}

/** The network's one spelling. */
export function networkText(network: Network): string {
  const { text, bits } = network;
  const groups = Array.from({ length: 8 }, (_group, i) => text.charCodeAt(i));
  if (isIpv4(network)) {
    const bytes = groups.slice(6).flatMap((group) => [group >> 8, group & 255]);
    return `${bytes.join(".")}${bits < 128 ? `/${bits - IPV4_BITS}` : ""}`;
  }
  const { from, count } = longestZeros(groups);
  const hex = (some: readonly number[]) => some.map((group) => group.toString(16)).join(":");
  const address = count > 1 ? `${hex(groups.slice(0, from))}::${hex(groups.slice(from + count))}` : hex(groups);
  return `${address}${bits < 128 ? `/${bits}` : ""}`;
}

/** The first of the longest runs of zeros. */
function longestZeros(groups: readonly number[]): { from: number; count: number } {
  let longest = { from: 0, count: 0 };
  let count = 0;
  groups.forEach((group, i) => {
    count = group === 0 ? count + 1 : 0;
    if (count > longest.count) longest = { from: i - count + 1, count };
  });
  return longest;
}

/** The number in a part of the text, up to 255; -1 if there is none. A leading zero means another base to some. */
function decimalIn(text: string, from: number, end: number): number {
  if (end <= from || end - from > 3 || (text.charCodeAt(from) === ZERO && end - from > 1)) return -1;
  let value = 0;
  for (let i = from; i < end; i += 1) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= 255 ? value : -1;
}

/** The two groups of `192.0.2.1`. */
function ipv4Groups(text: string, from: number, end: number): number[] | undefined {
  let address = 0;
  let start = from;
  for (let part = 0; part < 4; part += 1) {
    const dot = part < 3 ? text.indexOf(".", start) : end;
    const byte = dot < 0 ? -1 : decimalIn(text, start, dot);
    if (byte < 0) return undefined;
    address = address * 256 + byte;
    start = dot + 1;
  }
  return [Math.floor(address / 65_536), address % 65_536];
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= ZERO + 9) return code - ZERO;
  const letter = (code | 32) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

/** The eight groups, of which the last two may be written as an IPv4 address and some zeros be left out once. */
function ipv6Groups(text: string, end: number): number[] | undefined {
  const groups: number[] = [];
  let gap = text.startsWith("::") ? 0 : -1;
  let i = gap === 0 ? 2 : 0;
  while (i < end && groups.length < 8) {
    const from = i;
    let group = 0;
    for (let digit = hexDigit(text.charCodeAt(i)); digit >= 0 && i < end; digit = hexDigit(text.charCodeAt(i))) {
      group = group * 16 + digit;
      i += 1;
    }
    if (i === from || i - from > 4) return undefined;
    if (text.charCodeAt(i) === DOT) {
      const last = ipv4Groups(text, from, end);
      if (!last) return undefined;
      groups.push(...last);
      i = end;
      break;
    }
    groups.push(group);
    if (i === end) break;
    if (text.charCodeAt(i) !== COLON || i + 1 === end) return undefined;
    i += 1;
    if (text.charCodeAt(i) !== COLON) continue;
    if (gap >= 0) return undefined;
    gap = groups.length;
    i += 1;
  }
  if (i < end) return undefined;
  if (gap < 0) return groups.length === 8 ? groups : undefined;
  if (groups.length > 7) return undefined;
  return [...groups.slice(0, gap), ...new Array<number>(8 - groups.length).fill(0), ...groups.slice(gap)];
}
