/** What a stream tells of itself. */
export interface Watcher {
  /** A chunk has come. */
  flows(): void;
  /** Nothing more will come; told once. What is returned is waited for before the stream ends, or has `failed`. */
  ends(failed?: boolean): Promise<void> | undefined;
}

/** The same chunks, one for each that is asked for, with somebody watching. */
export function watched<T>(stream: ReadableStream<T>, { flows, ends }: Watcher): ReadableStream<T> {
  const reader = stream.getReader();
  return new ReadableStream<T>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) {
            controller.enqueue(value);
            flows();
            return;
          }
        } catch (error) {
          await ends(true);
          throw error;
        }
        await ends();
        controller.close();
      },
      async cancel(reason) {
        // The source hears of it at once, whatever becomes of the rest.
        const cancelled = reader.cancel(reason);
        await ends();
        await cancelled;
      },
    },
    { highWaterMark: 0 },
  );
}
