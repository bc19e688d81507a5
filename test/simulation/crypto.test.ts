import { expect, test } from "vitest";
import { idOf, newId } from "../../src/limiter/in-flight/id.ts";
import { replaceCrypto } from "./world/crypto.ts";
import { share, streamOf } from "./world/random.ts";

const utf8 = new TextEncoder();
const TEXTS = ["", "a", "piece 64", "é😀".repeat(500), "x".repeat(100_000)];

/** What `run` comes to where code of an isolate runs, or beside it. */
async function replaced<T>(isInside: boolean, run: () => T): Promise<Awaited<T>> {
  const stream = streamOf(7);
  const restore = replaceCrypto({ isInside: () => isInside, random: () => share(stream) });
  try {
    return await run();
  } finally {
    restore();
  }
}

test.each(["SHA-256", "SHA-1"])("in a world %s is the real one to the byte", async (algorithm) => {
  for (const text of TEXTS) {
    // A part of what it lies in, as a view may be.
    const bytes = utf8.encode(`--${text}`).subarray(2);
    const digest = () => crypto.subtle.digest(algorithm, bytes);
    const real = new Uint8Array(await digest());
    expect(new Uint8Array(await replaced(true, digest))).toEqual(real);
    expect(new Uint8Array(await replaced(false, digest))).toEqual(real);
  }
});

test("in a world an id is known without anything but promises to wait for, and drawn from the seed", async () => {
  const named = await idOf("piece 64");
  await replaced(true, async () => {
    let known: string | undefined;
    const asked = idOf("piece 64").then((id) => {
      known = id;
    });
    for (let turns = 0; turns < 20; turns += 1) await Promise.resolve();
    expect(known).toBe(named);
    await asked;
  });
  const drawn = () => [newId(), newId()];
  const [first, second] = await replaced(true, drawn);
  expect(first).not.toBe(second);
  expect(await replaced(true, drawn)).toEqual([first, second]);
  expect(await replaced(false, drawn)).not.toContain(first);
});

test("after a world everything is as it was before", async () => {
  const before = [crypto.getRandomValues, crypto.subtle.digest];
  await replaced(true, () => expect([crypto.getRandomValues, crypto.subtle.digest]).not.toContain(before[0]));
  expect([crypto.getRandomValues, crypto.subtle.digest]).toEqual(before);
});
