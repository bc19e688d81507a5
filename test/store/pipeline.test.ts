import { createHash } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import { createPipeline } from "../../src/store/pipeline.ts";

type Sent = {
  commands: readonly (readonly (string | number)[])[];
  signal: AbortSignal;
  answer(replies: unknown): void;
};

/** A server that answers when it is told to. */
function server() {
  const sent: Sent[] = [];
  const call = createPipeline(
    (commands, signal) =>
      new Promise((resolve, reject) => {
        sent.push({ commands, signal, answer: resolve });
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  );
  return { sent, call };
}

const results = (...values: unknown[]) => values.map((result) => ({ result }));
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("two calls go at once, and those made meanwhile share the next request", async () => {
  const { sent, call } = server();
  const answers = ["a", "b", "c", "d", "e"].map((name) => call([name]));
  expect(sent.map(({ commands }) => commands)).toEqual([[["a"]], [["b"]]]);
  sent[1]?.answer(results(2));
  await settled();
  expect(sent[2]?.commands).toEqual([["c"], ["d"], ["e"]]);
  sent[0]?.answer(results(1));
  sent[2]?.answer(results(3, 4, 5));
  expect(await Promise.all(answers)).toEqual([1, 2, 3, 4, 5]);
});

test("each call has its own error, and a reply that is missing is an error", async () => {
  const { sent, call } = server();
  const first = [call(["a"]), call(["b"])];
  const rest = Promise.allSettled(["c", "d", "e"].map((name) => call([name])));
  sent[0]?.answer(results(1));
  sent[1]?.answer(results(2));
  await Promise.all(first);
  sent[2]?.answer([{ error: "NOSCRIPT none" }, { result: 4 }]);
  expect(await rest).toMatchObject([
    { reason: { message: "NOSCRIPT none" } },
    { value: 4 },
    { reason: { name: "StoreError", kind: "reply" } },
  ]);
});

test("one error instead of a list is everybody's", async () => {
  const { sent, call } = server();
  const answers = Promise.allSettled([call(["a"])]);
  sent[0]?.answer({ error: "WRONGPASS no" });
  expect(await answers).toMatchObject([{ reason: { message: "WRONGPASS no" } }]);
});

test("a call given up on while it waits is never sent", async () => {
  const { sent, call } = server();
  const gone = new AbortController();
  const answers = [call(["a"]), call(["b"]), call(["c"], gone.signal), call(["d"])];
  const lost = expect(answers[2]).rejects.toThrow("gone");
  gone.abort(new Error("gone"));
  sent[0]?.answer(results(1));
  await settled();
  expect(sent[2]?.commands).toEqual([["d"]]);
  sent[1]?.answer(results(2));
  sent[2]?.answer(results(4));
  await lost;
  expect(await Promise.all([answers[0], answers[1], answers[3]])).toEqual([1, 2, 4]);
});

test("a request ends once everybody in it has given up, and not before", async () => {
  const { sent, call } = server();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = [call(["a"]), call(["b"])];
  const rest = Promise.allSettled([call(["c"], one.signal), call(["d"], two.signal)]);
  for (const request of sent) request.answer(results(0));
  await Promise.all(first);
  one.abort();
  expect(sent[2]?.signal.aborted).toBe(false);
  two.abort();
  expect(sent[2]?.signal.aborted).toBe(true);
  expect(await rest).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
});

describe("scripts that many calls of a request bring", () => {
  const digest = (text: string) => createHash("sha1").update(text).digest("hex");
  const evalOf = (text: string, key: string) => ["EVAL", text, 1, key, "5"];
  const evalshaOf = (text: string, key: string) => ["EVALSHA", digest(text), 1, key, "5"];
  const NOSCRIPT = { error: "NOSCRIPT No matching script. Please use EVAL." };

  /** A server with two requests under way, behind which calls gather. */
  async function busyServer() {
    const { sent, call } = server();
    const first = [call(["a"]), call(["b"])];
    return {
      sent,
      call,
      async free() {
        for (const request of sent.slice(0, 2)) request.answer(results(0));
        await Promise.all(first);
        await expect.poll(() => sent.length).toBe(3);
      },
    };
  }

  test("each text goes once, and the others name its digest", async () => {
    const { sent, call, free } = await busyServer();
    const commands = [["EVAL", "one", 0], ["x", "one"], evalOf("two", "k1"), evalOf("é", "k2"), ["EVAL", "é", 0]];
    const answers = [...commands, evalOf("two", "k3")].map((command) => call(command));
    await free();
    expect(sent[2]?.commands).toEqual([
      ...commands.slice(0, 4),
      ["EVALSHA", digest("é"), 0],
      ["EVALSHA", digest("two"), 1, "k3", "5"],
    ]);
    sent[2]?.answer(results(1, 2, 3, 4, 5, 6));
    expect(await Promise.all(answers)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("what was not compiled is told to each of them", async () => {
    const { sent, call, free } = await busyServer();
    const answers = Promise.allSettled(["k1", "k2", "k3"].map((key) => call(evalOf("text", key))));
    await free();
    sent[2]?.answer([{ error: "ERR Unexpected flag in script shebang" }, NOSCRIPT, { error: "WRONGTYPE" }]);
    const reasons = (await answers).map((answer) => answer.status === "rejected" && answer.reason.message);
    expect(reasons).toEqual([
      "ERR Unexpected flag in script shebang",
      "ERR Unexpected flag in script shebang",
      "WRONGTYPE",
    ]);
    expect(sent).toHaveLength(3);
  });

  test("where Redis does not know the script after all, it is asked again, and in the end with the text", async () => {
    const { sent, call, free } = await busyServer();
    const answers = ["k1", "k2", "k3", "k4", "k5", "k6"].map((key) => call(evalOf("text", key)));
    await free();
    // As behind a cluster, where each key is on another node: the first runs, and the others' nodes don't know it.
    for (const round of [2, 3, 4]) {
      const { commands, answer } = sent[round] as Sent;
      const keys = ["k1", "k2", "k3", "k4", "k5", "k6"].slice(round - 2);
      expect(commands).toEqual(keys.map((key, i) => (i === 0 ? evalOf("text", key) : evalshaOf("text", key))));
      answer([{ result: round }, ...keys.slice(1).map(() => NOSCRIPT)]);
      await expect.poll(() => sent.length).toBe(round + 2);
    }
    expect(sent[5]?.commands).toEqual(["k4", "k5", "k6"].map((key) => evalOf("text", key)));
    sent[5]?.answer([{ result: 5 }, NOSCRIPT, { result: 7 }]);
    expect(await Promise.allSettled(answers)).toMatchObject([
      { value: 2 },
      { value: 3 },
      { value: 4 },
      { value: 5 },
      { reason: { message: NOSCRIPT.error } },
      { value: 7 },
    ]);
  });

  test("a call given up on while the digest is made is not sent, whether it brings the text or names it", async () => {
    const { sent, call, free } = await busyServer();
    const gone = new AbortController();
    const lost = Promise.allSettled([call(evalOf("text", "k1"), gone.signal)]);
    const answers = ["k2", "k3", "k4"].map((key) => call(evalOf("text", key), key === "k4" ? gone.signal : undefined));
    const lostLater = Promise.allSettled(answers.slice(2));
    const make = crypto.subtle.digest.bind(crypto.subtle);
    const digests = vi.spyOn(crypto.subtle, "digest").mockImplementation((...args) => {
      gone.abort(new Error("gone"));
      return make(...args);
    });
    await free();
    expect(digests).toHaveBeenCalledOnce();
    digests.mockRestore();
    expect(sent[2]?.commands).toEqual([evalOf("text", "k2"), evalshaOf("text", "k3")]);
    sent[2]?.answer([{ result: 2 }, NOSCRIPT]);
    await expect.poll(() => sent.length).toBe(4);
    expect(sent[3]?.commands).toEqual([evalOf("text", "k3")]);
    sent[3]?.answer(results(3));
    expect(await Promise.all(answers.slice(0, 2))).toEqual([2, 3]);
    expect([...(await lost), ...(await lostLater)]).toMatchObject(Array(2).fill({ reason: { message: "gone" } }));
  });
});
