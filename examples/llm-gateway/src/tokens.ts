export interface Chat {
  messages: unknown[];
  max_tokens: number;
}

/** The request with a bound on its answer; `undefined` if it is none. */
export function chatOf(body: {
  messages?: unknown;
  max_tokens?: unknown;
}): Chat | undefined {
  const { messages, max_tokens = 1000 } = body;
  if (
    !Array.isArray(messages) ||
    !Number.isInteger(max_tokens) ||
    (max_tokens as number) < 1
  )
    return undefined;
  return { ...body, messages, max_tokens: max_tokens as number };
}

/** A guess before the answer: four characters of prompt make a token, and the answer may be as long as it is allowed to be. */
export function estimatedTokens({ messages, max_tokens = 1000 }: Chat): number {
  return Math.ceil(JSON.stringify(messages).length / 4) + max_tokens;
}

/** The tokens that a streamed answer reports in its last event; `undefined` if it ends, or breaks off, without a report. */
export async function usedTokens(
  answer: ReadableStream<Uint8Array>,
): Promise<number | undefined> {
  let used: number | undefined;
  let rest = "";
  const decoder = new TextDecoder();
  const reader = answer.getReader();
  try {
    for (
      let part = await reader.read();
      !part.done;
      part = await reader.read()
    ) {
      const lines = (rest + decoder.decode(part.value, { stream: true })).split(
        "\n",
      );
      rest = lines.pop() as string;
      for (const line of lines) {
        if (line.startsWith("data: {"))
          used =
            JSON.parse(line.slice("data: ".length)).usage?.total_tokens ?? used;
      }
    }
  } catch {
    // It broke off: what it has reported until then counts.
  }
  return used;
}

/** The same answer, which, where it breaks off, does so once `booked` has ended. */
export function brokenAfter(
  answer: ReadableStream<Uint8Array>,
  booked: Promise<void>,
): ReadableStream<Uint8Array> {
  const reader = answer.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        await booked;
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
