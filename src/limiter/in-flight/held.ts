import type { Decision } from "../../core/decision.ts";
import type { WaitUntil } from "../../core/event.ts";
import { withoutInfinity } from "../json.ts";
import { timeOf } from "../time.ts";
import { watched } from "./stream.ts";

/** What the decision of `hold` can do. Where it took no place, as with a denial or with source `"fallback"`, all of it does nothing. */
export interface Held {
  /**
   * Ends the hold; where it has ended, does nothing. Never rejects, not even if the store can't be asked: then its place is free when
   * it has passed, or once a later `release` is heard.
   */
  release(): Promise<void>;
  /**
   * Lets the hold begin anew. Resolves to false if it has ended: it was released, or it has passed and was cleared away. Where the
   * store can't be asked, to whether it can't have passed, by this isolate's clock. Where nothing was taken, to `allowed`.
   */
  extend(): Promise<boolean>;
  /**
   * The same stream, held until it has ended, was cancelled or failed, and extended as it flows: by a chunk that comes after half of
   * the hold. With `waitUntil` the release goes on behind the stream's end, else it comes before it, and always before its failure.
   */
  through<T>(stream: ReadableStream<T>): ReadableStream<T>;
  /** `release`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A response, as far as it matters here; of its own class another one is made around another body. */
interface Served {
  readonly body: ReadableStream | null;
}

/** A request, as far as it matters here. */
interface Asked {
  readonly method: string;
  /** Aborts when the client leaves, where the platform tells. */
  readonly signal?: AbortSignal;
}

/** What the HTTP side needs besides. */
export interface Serving extends Held {
  /** Ms that the hold lasts; 0 where nothing was taken. */
  readonly holdMs: number;
  /**
   * Holds until the body of what `work` comes to has ended, was cancelled or failed; no longer than `work` where that fails, or nobody
   * will read a body.
   */
  serve<R extends Served | undefined>(work: () => Promise<R>, request: Asked): Promise<R>;
}

/** What a hold needs of its limiter. */
export interface Holder {
  /** When it was asked for, by this isolate's clock, in ms. */
  readonly askedAt: number;
  /** Ms that it lasts; 0 where nothing was taken. */
  readonly holdMs: number;
  readonly now: () => number;
  waitUntil(): WaitUntil | undefined;
  ask(operation: "release" | "extend"): Promise<Decision>;
}

/**
 * The decision with what it can do, which neither its JSON nor its copies have: they are plain data. `more`: what else it can do,
 * in place of its own.
 */
export function held<Answer extends Decision, More extends object>(
  decision: Answer,
  holder: Holder,
  more?: (own: Serving) => More,
): Answer & Serving & More {
  const { holdMs } = holder;
  const took = holdMs > 0;
  const now = () => timeOf(holder.now);
  let begunAt = holder.askedAt;
  let released = false;

  async function release(): Promise<void> {
    if (!took || released) return;
    released = true;
    try {
      const { source } = await holder.ask("release");
      released = source !== "fallback";
    } catch {
      released = false;
    }
  }

  async function extend(): Promise<boolean> {
    if (!took) return decision.allowed;
    if (released) return false;
    const askedAt = now();
    const { source, allowed } = await holder.ask("extend");
    if (source === "fallback") return now() - begunAt < holdMs;
    if (allowed) begunAt = askedAt;
    return allowed && !released;
  }

  /** Releases behind the answer, if the platform has something for that. */
  function releaseBehind(): Promise<void> | undefined {
    if (!took || released) return undefined;
    const waitUntil = holder.waitUntil();
    const task = release();
    if (!waitUntil) return task;
    waitUntil(task);
    return undefined;
  }

  async function serve<R extends Served | undefined>(work: () => Promise<R>, { method, signal }: Asked): Promise<R> {
    let served: R | undefined;
    try {
      served = await work();
    } finally {
      if (method === "HEAD" || !served?.body) await releaseBehind();
    }
    if (!took || released || !served?.body) return served as R;
    const Same = served.constructor as new (body: ReadableStream, init: R) => NonNullable<R>;
    return new Same(holding(served.body, signal), served);
  }

  const through = <T>(stream: ReadableStream<T>) => holding(stream);

  function holding<T>(stream: ReadableStream<T>, client?: AbortSignal): ReadableStream<T> {
    if (!took || released) return stream;
    let over: (() => void) | undefined;
    // From the start: a runtime that stops requests whose clients have left can tell them only while something is waited for.
    holder.waitUntil()?.(
      new Promise<void>((resolve) => {
        over = resolve;
      }),
    );
    const ends = (failed = false) => {
      const task = release();
      if (!over) return task;
      void task.then(over);
      // With a response that fails some runtimes end what runs behind it.
      return failed ? task : undefined;
    };
    if (client?.aborted) void ends();
    else client?.addEventListener("abort", () => void ends(), { once: true });
    let extending = false;
    return watched(stream, {
      flows() {
        if (extending || released || now() - begunAt < holdMs / 2) return;
        extending = true;
        const done = () => {
          extending = false;
        };
        void extend().then(done, done);
      },
      ends,
    });
  }

  const methods: Serving = { holdMs, release, extend, through, serve, [Symbol.asyncDispose]: release };
  // As a prototype, so that copies, clones and JSON of it are a plain decision.
  return withoutInfinity(Object.assign(Object.create({ ...methods, ...more?.(methods) }), decision));
}
