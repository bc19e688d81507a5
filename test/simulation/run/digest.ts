import type { Happening } from "../world/history.ts";

/** A fingerprint of everything that happens, in its order: equal runs have equal ones, on every machine. */
export interface Digest {
  see(happening: Happening): void;
  /** 16 hexadecimal digits. */
  text(): string;
}

export function createDigest(): Digest {
  let [high, low] = [0x811c9dc5, 0x9e3779b9];

  function word(value: number): void {
    high = Math.imul(high ^ value, 0x01000193);
    low = Math.imul(low ^ ((value << 15) | (value >>> 17)), 0x85ebca6b);
    high ^= low >>> 13;
  }

  /** A number by its bits, so that fractions count and nothing is rounded. */
  const float = new Float64Array(1);
  const words = new Int32Array(float.buffer);
  function number(value: number): void {
    float[0] = value;
    word(words[0] as number);
    word(words[1] as number);
  }

  function text(value: string): void {
    for (let i = 0; i < value.length; i += 1) word(value.charCodeAt(i));
    word(value.length);
  }

  return {
    see(happening) {
      text(happening.type);
      number(happening.at);
      if ("isolate" in happening) word(happening.isolate);
      if ("call" in happening) number(happening.call.id);
      if ("now" in happening) number(happening.now);
      if (happening.type === "executed") {
        for (const step of happening.steps) {
          text(step.key);
          number(step.endsAt ?? -1);
        }
        for (const argument of happening.args) text(argument);
        text(JSON.stringify(happening.reply) ?? "");
        text(happening.error ?? "");
      } else if (happening.type === "answered" && happening.decision) {
        const { allowed, source, retryAfterMs } = happening.decision;
        word(Number(allowed));
        text(source);
        number(retryAfterMs);
      } else if (happening.type === "rejected") text(happening.reason);
    },
    text: () => [high, low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join(""),
  };
}
