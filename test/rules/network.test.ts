import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressKey } from "../../src/http/keys/address.ts";
import { addressesIn } from "../../src/rules/addresses.ts";
import { networkIn, networkText, prefixOf } from "../../src/rules/network.ts";

const text = (spelling: string) => {
  const network = networkIn(spelling);
  return network && networkText(network);
};

describe("networks", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.77/24", "192.0.2.0/24"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.0/120", "192.0.2.0/24"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1::/64", "2001:db8:0:1::/64"],
    ["2001:db8:ffff::/33", "2001:db8:8000::/33"],
    ["::", "::"],
    ["::/0", "::/0"],
    ["1::", "1::"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ])("%s is %s", (spelling, canonical) => {
    expect(text(spelling)).toBe(canonical);
    expect(text(canonical)).toBe(canonical);
  });

  test.each([
    "",
    "alice",
    "192.0.2",
    "192.0.2.256",
    "192.0.02.1",
    "192.0.2.1/33",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "1:2:3:4::5:6:7:8",
    "::/129",
    ":::",
    "1:",
    "12345::",
    "192.0.2.1::",
    "fe80::1%eth0",
    "192.0.2.1/",
    "1.2.3.4:80",
  ])("%j is none", (spelling) => expect(networkIn(spelling)).toBeUndefined());

  test("what clientIp makes of an address lies in every network that the address lies in", () => {
    const groups = fc.array(fc.constantFrom(0, 0, 1, 0xffff, 0x2001, 0xdb8, 0x80), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(
        groups,
        fc.integer({ min: 1, max: 128 }),
        fc.integer({ min: 0, max: 128 }),
        (groups, subnet, bits) => {
          const address = groups.map((group) => group.toString(16)).join(":");
          const own = networkIn(addressKey(address, subnet) as string);
          const full = networkIn(address);
          expect(own).toBeDefined();
          const isIpv4 = groups.slice(0, 6).join() === "0,0,0,0,0,65535";
          expect(own?.bits).toBe(isIpv4 ? 128 : subnet);
          const shared = Math.min(bits, own?.bits as number);
          expect(prefixOf(own?.text as string, shared)).toBe(prefixOf(full?.text as string, shared));
          const network = { text: prefixOf(full?.text as string, bits).padEnd(8, "\0"), bits };
          expect(networkIn(networkText(network))).toEqual(network);
        },
      ),
    );
  });
});

describe("addresses in keys", () => {
  test.each([
    ["192.0.2.1", ["192.0.2.1"]],
    ["2001:db8:0:1::/64", ["2001:db8:0:1::/64"]],
    ["0:192.0.2.1", ["192.0.2.1"]],
    ["1:2001:db8:0:1::/64", ["2001:db8:0:1::/64"]],
    ['["192.0.2.1","/login"]', ["192.0.2.1"]],
    ['[null,"1:192.0.2.1",7]', ["192.0.2.1"]],
    ['0:["192.0.2.1","2001:db8::/64"]', ["192.0.2.1", "2001:db8::/64"]],
    ["alice", []],
    ["unknown", []],
    ["[192.0.2.1]", []],
    ["user:192.0.2.1", []],
    ["0:", []],
  ])("%s: %j", (key, addresses) => expect(addressesIn(key).map(networkText)).toEqual(addresses));

  test("are looked for only so deep", () => {
    let key = "192.0.2.1";
    for (let depth = 0; depth < 10; depth += 1) key = JSON.stringify([key]);
    expect(addressesIn(key)).toEqual([]);
  });
});
