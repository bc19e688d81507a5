import { expect, test } from "vitest";
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
