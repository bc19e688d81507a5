import { expect, test } from "vitest";
import { createQueue } from "../../../../src/server/rest/http/queue.ts";
import { heldBy } from "./held.ts";

test("what is added comes out in its order, the next piece when the one before is written", async () => {
  const written: string[] = [];
  let isBusy = false;
  const queue = createQueue(async (piece) => {
    expect(isBusy).toBe(false);
    isBusy = true;
    await new Promise((resolve) => setImmediate(resolve));
    isBusy = false;
    written.push(piece.toString());
  });
  const added: string[] = [];
  for (let i = 0; i < 2000; i += 1) {
    const text = `${i} ${"ü".repeat(i % 50)}\n`;
    added.push(text);
    queue.add(i % 7 === 0 ? [Buffer.from(text)] : [text]);
    if (i % 400 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(() => queue.unsent()).toBe(0);
  expect(written.join("")).toBe(added.join(""));
  // Far fewer writes than texts.
  expect(written.length).toBeLessThan(2000 / 2);
});

test("short texts that wait take hardly more than their bytes", async () => {
  const [count, text] = [100_000, "data: message,flood,some thirty bytes of a message\n\n"];
  const held = await heldBy(() => {
    const queue = createQueue(() => new Promise(() => {}));
    for (let i = 0; i < count; i += 1) queue.add([`${text.slice(0, -8)}${i}\n\n`]);
    expect(queue.unsent()).toBeGreaterThan(count * (text.length - 8));
    return queue;
  });
  expect(held / (count * text.length)).toBeLessThan(2);
});
