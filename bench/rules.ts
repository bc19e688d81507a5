// What rules take of an isolate: npm run bench:rules. Memory of the compiled rules, time to read them, time of a look-up, in CPU
// time, so that what else the machine does is not counted.
import { Command } from "commander";
import type { Rule } from "../src/rules/rule.ts";
import { ruleIndexOf } from "../src/rules/rule-index.ts";
import { rulesIn, valueText } from "../src/rules/value.ts";

const { rounds } = new Command("bench:rules")
  .option("--rounds <n>", "rounds of 100 000 look-ups", Number, 5)
  .parse()
  .opts<{ rounds: number }>();

const LOOK_UPS = 100_000;

/** Rules of one kind, as many as there are to be. */
const kinds: Readonly<Record<string, (i: number) => Partial<Rule>>> = {
  keys: (i) => ({ key: `user-${i}` }),
  networks: (i) => ({ network: `10.${i >> 8}.${i & 255}.0/${24 - (i % 4)}` }),
  "IPv6 networks": (i) => ({ network: `2001:db8:${i.toString(16)}::/${48 - (i % 4)}` }),
  patterns: (i) => ({ pattern: i % 2 ? `tenant-${i}:*` : `*@domain-${i}.example` }),
  "patterns with a middle": (i) => ({ pattern: `t-${i % 100}:*/${i}/*:end` }),
};
const keys = {
  miss: (i: number) => `nobody-${i}@nowhere.example`,
  "address that misses": (i: number) => `172.16.${(i >> 8) & 255}.${i & 255}`,
  "IPv6 key that misses": (i: number) => `2001:db9:${(i & 0xffff).toString(16)}:1::/64`,
  "compose key that misses": (i: number) => JSON.stringify([`172.16.1.${i & 255}`, "/login"]),
};

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] as number;
}

function microsOf(index: ReturnType<typeof ruleIndexOf>, keyOf: (i: number) => string): number {
  const texts = Array.from({ length: 1000 }, (_key, i) => keyOf(i * 7919));
  const times = Array.from({ length: rounds }, () => {
    const from = process.cpuUsage();
    for (let i = 0; i < LOOK_UPS; i += 1) index.find("api", texts[i % 1000] as string, 1);
    return process.cpuUsage(from).user / LOOK_UPS;
  });
  return median(times);
}

const used = () => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

/** Kept until the end, so that what one round leaves is not counted with the next. */
const kept: unknown[] = [];

for (const count of [10, 1000, 10_000]) {
  for (const [kind, termsOf] of [...Object.entries(kinds), ["all of these", undefined] as const]) {
    const makers = Object.values(kinds);
    const made = Array.from({ length: count }, (_rule, i): Rule => {
      const terms = (termsOf ?? (makers[i % makers.length] as (i: number) => Partial<Rule>))(i);
      return { id: i + 1, what: "block", at: 1_790_000_000_000, ...terms } as Rule;
    });
    const text = valueText({ version: count, head: `v${count}.00000000`, rules: made });
    const before = used();
    const from = process.cpuUsage();
    const index = ruleIndexOf(rulesIn(text).rules);
    const readMs = process.cpuUsage(from).user / 1000;
    const bytes = used() - before;
    kept.push(index);
    const times = Object.entries(keys).map(([name, keyOf]) => `${name} ${microsOf(index, keyOf).toFixed(2)} µs`);
    console.log(
      `${String(count).padStart(6)} ${kind}: ${(text.length / 1024).toFixed(0)} KiB stored, ${(bytes / 2 ** 20).toFixed(2)} MiB here, read in ${readMs.toFixed(1)} ms; ${times.join(", ")}`,
    );
  }
}
