/** Clients that share one quota and know nothing of each other. */
export interface Crowd {
  readonly clients: number;
  /** What each of them asks with. */
  readonly fetchOf: (send: typeof fetch) => typeof fetch;
  /** Sends a request to the limited server. */
  readonly send: typeof fetch;
  /** Requests per second that the quota admits for good. */
  readonly perSecond: number;
  /** How many times that they want together. */
  readonly wanted: number;
  /** What is counted: ms from the first request, from and up to. The time before is for getting to know each other. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly random: () => number;
}

export interface CrowdFigures {
  /** Requests that were served, as a part of the quota. */
  readonly used: number;
  /** Requests that were denied, as a part of all that were sent. */
  readonly denied: number;
  /** Requests sent in the whole time. */
  readonly sent: number;
  /** The denied part of the whole time, the start included. */
  readonly deniedFromStart: number;
}

/** Each client asks for something new at its own times and takes what it gets: four times what the quota gives, say. */
export async function crowd(how: Crowd): Promise<CrowdFigures> {
  const { clients, fetchOf, send, perSecond, wanted, fromMs, toMs, now, sleep, random } = how;
  const startedAt = now();
  const everyMs = (1000 * clients) / (wanted * perSecond);
  const counted = { served: 0, denied: 0 };
  const all = { served: 0, denied: 0 };

  const sent: typeof fetch = async (input, init) => {
    const response = await send(input, init);
    const outcome = response.status === 200 ? "served" : "denied";
    all[outcome] += 1;
    const at = now() - startedAt;
    if (at >= fromMs && at < toMs) counted[outcome] += 1;
    return response;
  };

  async function client(): Promise<void> {
    const ask = fetchOf(sent);
    let wantedAt = startedAt + random() * everyMs;
    while (wantedAt < startedAt + toMs) {
      if (wantedAt > now()) await sleep(wantedAt - now());
      // A connection that breaks on a busy machine is no denial.
      await ask("https://api.test/").then(
        (response) => response.text(),
        () => {},
      );
      // Who was held up wants the next one at once, not all that were missed.
      wantedAt = Math.max(now(), wantedAt + everyMs * (0.5 + random()));
    }
  }

  await Promise.all(Array.from({ length: clients }, client));
  const part = ({ served, denied }: typeof all) => denied / (served + denied);
  return {
    used: counted.served / ((perSecond * (toMs - fromMs)) / 1000),
    denied: part(counted),
    sent: all.served + all.denied,
    deniedFromStart: part(all),
  };
}
