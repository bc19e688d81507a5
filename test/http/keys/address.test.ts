import { isIP, isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressKey } from "../../../src/http/keys/address.ts";

const key = (text: string, ipv6Subnet = 64) => addressKey(text, ipv6Subnet);

describe("addressKey", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    [" 192.0.2.1\t", "192.0.2.1"],
    ["192.0.2.1:443", "192.0.2.1"],
    ["[192.0.2.1]:443", "192.0.2.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::9]", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::9]:443", "2001:db8:1:2::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["[fe80::1%25eth0]:80", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
    ["[::ffff:192.0.2.1]:8080", "192.0.2.1"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
  ])("%s is %s", (text, expected) => {
    expect(key(text)).toBe(expected);
  });

  test.each([
    "",
    " ",
    "unknown",
    "localhost",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4%eth0",
    "1.2.3.-4",
    "1.2.3.4e0",
    "0x1.2.3.4",
    "1.2.3.4:",
    "1.2.3.4:123456",
    "::1::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    ":1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:",
    "12345::",
    "g::1",
    "::1.2.3",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "[::1",
    "::1]",
    "[]",
    "[]:80",
    ":::",
    "2001:db8::1, 192.0.2.1",
    "192.0.2.1\0",
  ])("%j is no address", (text) => {
    expect(key(text)).toBeUndefined();
  });

  test.each([
    [1, "8000::/1"],
    [32, "ffff:ffff::/32"],
    [33, "ffff:ffff:8000::/33"],
    [48, "ffff:ffff:ffff::/48"],
    [56, "ffff:ffff:ffff:ff00::/56"],
    [112, "ffff:ffff:ffff:ffff:ffff:ffff:ffff::/112"],
    [127, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"],
    [128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"],
  ])("a subnet of %i bits", (bits, expected) => {
    expect(key("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", bits)).toBe(expected);
  });

  test("all spellings of an address are one key, and its network is an address again", () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 1, max: 128 }), (text, bits) => {
        const { hostname } = new URL(`http://[${text}]`);
        const expected = key(text, bits);
        expect(expected).toBeDefined();
        expect(key(hostname, bits)).toBe(expected);
        expect(key(`${hostname}:443`, bits)).toBe(expected);
        expect(key(text.toUpperCase(), bits)).toBe(expected);
        expect(isIP((expected as string).replace(/\/\d+$/, ""))).toBeGreaterThan(0);
      }),
    );
  });

  test("addresses share a key exactly if they share the subnet", () => {
    const groups = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 });
    const bits = (address: number[]) => address.map((group) => group.toString(2).padStart(16, "0")).join("");
    const text = (address: number[]) => address.map((group) => group.toString(16)).join(":");
    fc.assert(
      fc.property(groups, fc.integer({ min: 0, max: 127 }), fc.integer({ min: 1, max: 128 }), (a, flipped, subnet) => {
        const b = a.map((group, i) => (i === flipped >> 4 ? group ^ (0x8000 >> (flipped & 15)) : group));
        fc.pre(!text(a).startsWith("0:0:0:0:0:") && !text(b).startsWith("0:0:0:0:0:"));
        const same = bits(a).slice(0, subnet) === bits(b).slice(0, subnet);
        expect(key(text(a), subnet) === key(text(b), subnet)).toBe(same);
      }),
    );
  });

  test("IPv4 addresses are their own key", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 65_535 }), (text, port) => {
        expect(key(text)).toBe(text);
        expect(key(`${text}:${port}`)).toBe(text);
        expect(key(`::ffff:${text}`)).toBe(text);
      }),
    );
  });

  test("takes exactly what Node takes for an address", () => {
    const almost = fc.array(fc.constantFrom(":", "::", ".", "0", "1", "ff", "256", "12345", "1.2.3.4", "g"), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(almost, (parts) => {
        const text = parts.join("");
        // What a port looks like behind an IPv4 address is ours to drop.
        fc.pre(!isIPv4(text.replace(/:\d{1,5}$/, "")) || isIPv4(text));
        expect(key(text) !== undefined).toBe(isIPv4(text) || isIPv6(text));
      }),
      { numRuns: 5000 },
    );
  });

  test("never throws, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), fc.integer({ min: 1, max: 128 }), (text, bits) => {
        expect(typeof key(text, bits)).toMatch(/^(string|undefined)$/);
      }),
      { numRuns: 2000 },
    );
  });
});
