import { setTimeout as sleep } from "node:timers/promises";
import { createFetch, spread } from "sluice/client";
import { type CrowdFigures, crowd } from "./crowd.ts";

/** 100 clients over real connections that want four times the quota; what is counted are three windows after the first. */
const measured = (url: URL, path: string, fetchOf: (send: typeof fetch) => typeof fetch): Promise<CrowdFigures> =>
  crowd({
    clients: 100,
    perSecond: 60,
    wanted: 4,
    fromMs: 5000,
    toMs: 20_000,
    now: () => Date.now(),
    sleep: (ms) => sleep(ms),
    random: Math.random,
    send: (_, init) => fetch(new URL(path, url), init),
    fetchOf,
  });

/** Clients of worker.ts that spread their requests. */
export const spreading = (url: URL) => measured(url, "/bucket", (send) => createFetch({ fetch: send, spread }));

/** Clients of worker.ts with `fetch` alone. */
export const plain = (url: URL) => measured(url, "/bucket-plain", (send) => send);
