import { createHash } from "node:crypto";

/** Who runs, and by whose dice. */
interface Inside {
  isInside(): boolean;
  random(): number;
}

/**
 * Replaces `crypto.getRandomValues` and `crypto.subtle.digest` for code of isolates, so that a run repeats from its seed; returns what
 * puts the real ones back. A real digest resolves when a thread of its own is done, which is at no time of the world's.
 */
export function replaceCrypto({ isInside, random }: Inside): () => void {
  const draws = Object.getPrototypeOf(crypto) as Crypto;
  const digests = Object.getPrototypeOf(crypto.subtle) as SubtleCrypto;
  const { getRandomValues } = draws;
  const { digest } = digests;

  Object.assign(draws, {
    getRandomValues(this: Crypto, bytes: Uint8Array<ArrayBuffer>) {
      if (!isInside()) return getRandomValues.call(this, bytes);
      for (const i of bytes.keys()) bytes[i] = Math.floor(random() * 256);
      return bytes;
    },
  });
  Object.assign(digests, {
    digest(this: SubtleCrypto, algorithm: string, bytes: Uint8Array<ArrayBuffer>) {
      return isInside() ? digestOf(algorithm, bytes) : digest.call(this, algorithm, bytes);
    },
  });

  return () => {
    Object.assign(draws, { getRandomValues });
    Object.assign(digests, { digest });
  };
}

/** The same bytes, and nothing but promises to wait for. */
async function digestOf(algorithm: string, bytes: Uint8Array): Promise<ArrayBuffer> {
  return new Uint8Array(createHash(algorithm).update(bytes).digest()).buffer;
}
