import fc from "fast-check";
import { expect, test } from "vitest";
import { bodyOf, formatFor } from "../../../../src/server/rest/http/formats.ts";
import { heldBy } from "./held.ts";

const PIECE = 16 * 1024;
const command = ["GET", "k"];

const sent = async (headers: Record<string, string>, ...values: readonly Buffer[]) => {
  const commands = values.map(() => command);
  const { size, content } = bodyOf(formatFor(headers), values, commands, values.length > 1);
  const isWhole = typeof content === "string" || Buffer.isBuffer(content);
  if (values.some(({ length }) => length > PIECE)) expect(isWhole).toBe(false);
  const pieces: Uint8Array[] = [];
  for await (const piece of isWhole ? [content] : content) pieces.push(Buffer.from(piece as string));
  const whole = Buffer.concat(pieces);
  expect(size).toBe(whole.length);
  return whole;
};

// Characters of 1 to 4 bytes, what JSON escapes, and bytes that are no UTF-8, around where a long value is cut.
const around = fc.array(fc.constantFrom("x", "ü", "€", "🌊", '"', "\n", "\xff", "\x80", "\xe2\x82", "\xf0\x9f"), {
  minLength: 1,
  maxLength: 12,
});
const bytesOf = (words: readonly string[]) =>
  Buffer.concat(
    words.map((word) => Buffer.from(word, /^[\x80-\xff]+$/.test(word) && word !== "ü" ? "latin1" : "utf8")),
  );

test("a long value is sent in pieces and reads as if it were whole", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: PIECE - 12, max: PIECE + 2 }),
      around,
      fc.nat(PIECE),
      async (at, words, more) => {
        const bytes = Buffer.concat([Buffer.alloc(at, "a"), bytesOf(words), Buffer.alloc(more, "é")]);
        expect(JSON.parse((await sent({}, bytes)).toString())).toEqual({ result: bytes.toString() });
        const { result } = JSON.parse((await sent({ "upstash-encoding": "base64" }, bytes)).toString());
        expect(bytes.equals(Buffer.from(result, "base64"))).toBe(true);
        const resp2 = Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n")]);
        expect((await sent({ "upstash-response-format": "resp2" }, bytes)).equals(resp2)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("so do many values, of which some are long", async () => {
  const value = fc.tuple(fc.constantFrom(0, 1, 20, 3000, PIECE, 3 * PIECE), around, fc.constantFrom("a", "\0", "\xff"));
  await fc.assert(
    fc.asyncProperty(fc.array(value, { minLength: 2, maxLength: 12 }), async (all) => {
      const values = all.map(([length, words, fill]) => {
        return Buffer.concat([Buffer.alloc(length, fill, "latin1"), bytesOf(words)]);
      });
      const texts = values.map((bytes) => ({ result: bytes.toString() }));
      expect(JSON.parse((await sent({}, ...values)).toString())).toEqual(texts);
      const encoded = JSON.parse((await sent({ "upstash-encoding": "base64" }, ...values)).toString());
      expect(encoded).toEqual(values.map((bytes) => ({ result: bytes.toString("base64") })));
      const resp2 = [`*${values.length}\r\n`, ...values.flatMap((bytes) => [`$${bytes.length}\r\n`, bytes, "\r\n"])];
      const expected = Buffer.concat(resp2.map((part) => Buffer.from(part as string)));
      expect((await sent({ "upstash-response-format": "resp2" }, ...values)).equals(expected)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("a list of very many short values is encoded and joined at once, and takes hardly more than its bytes", async () => {
  const texts = Array.from({ length: 50_000 }, (_, i) => (i % 10 === 0 ? `"${i}"\n` : `item ${i} ü`));
  for (const headers of [{}, { "upstash-encoding": "base64" }, { "upstash-response-format": "resp2" }]) {
    const answer = () => bodyOf(formatFor(headers), [texts.map((text) => Buffer.from(text))], [command], false);
    const { size, content } = answer();
    const pieces: Buffer[] = [];
    for await (const piece of content as AsyncIterable<Buffer>) pieces.push(Buffer.from(piece));
    const whole = Buffer.concat(pieces);
    expect(whole.length).toBe(size);
    if ("upstash-response-format" in headers) {
      const bulks = texts.map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`);
      expect(whole.toString()).toBe([`*${texts.length}\r\n`, ...bulks].join(""));
    } else {
      const { result } = JSON.parse(whole.toString());
      const isEncoded = "upstash-encoding" in headers;
      expect(isEncoded ? result.map((text: string) => String(Buffer.from(text, "base64"))) : result).toEqual(texts);
    }
    expect((await heldBy(answer)) / size).toBeLessThan(2);
  }
});
