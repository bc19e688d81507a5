import type { Apart } from "../lib/apart.ts";
import { figure } from "../lib/statistics.ts";
import type { Limit } from "../node/servers.ts";
import { number, percent, spread, table } from "./markdown.ts";

/** One kind of client. */
export interface ClientRow {
  readonly name: string;
  /** Parts of the quota and of the requests. */
  readonly used: number;
  readonly denied: number;
  readonly deniedFromStart: number;
  readonly sent: number;
}

export interface NodeRows {
  /** `served` and `denied`: requests per second as a part of the same server's without a limit. */
  readonly servers: readonly {
    readonly framework: string;
    readonly limit: Limit;
    readonly served: number;
    readonly denied: number;
    readonly wrong: number;
    readonly fields: string;
  }[];
  /** µs of CPU for an admitted request, by limit, each round. */
  readonly inProcess: Readonly<Record<string, readonly number[]>>;
}

/** What programs of their own have measured: `npm run bench:node` and `npm run bench:client`. */
export interface MeasuredApart {
  readonly node?: Apart<NodeRows> | undefined;
  readonly client?: Apart<readonly ClientRow[]> | undefined;
}

/** Their sections, each if it was measured. */
export function apartTables({ node, client }: MeasuredApart): string {
  return [node && nodeTables(node), client && clientTable(client)].map((text) => (text ? `\n${text}\n` : "")).join("");
}

function measured(command: string, { machine, seconds }: Apart<unknown>): string {
  const { date, cores, loadBefore, versions } = machine;
  const { sluice, node } = versions;
  return `Measured by \`npm run ${command}\`, ${date.replace("T", " ")} UTC, in ${seconds} s: ${cores} cores, load average ${loadBefore.toFixed(1)}
at the start, sluice ${sluice}, node ${node}.`;
}

function nodeTables(apart: Apart<NodeRows>): string {
  const { servers, inProcess } = apart.rows;
  const { none: bare = [] } = inProcess;
  const added = Object.entries(inProcess)
    .filter(([name]) => name !== "none")
    .map(([name, micros]) => ({
      limit: name,
      "µs of CPU beyond no limit": spread(figure(micros.map((each, i) => each - (bare[i] ?? Number.NaN)))),
    }));
  const rows = servers.map(({ framework, limit, served, denied, wrong }) => ({
    framework,
    limit,
    served: number(served),
    denied: number(denied),
    "wrong decisions": wrong,
  }));
  return `## On Node

${measured("bench:node", apart)}

Requests per second of real servers under autocannon, as a part of the same server's without a limit; the rival is
express-rate-limit or @fastify/rate-limit. Wrong decisions: of 3000 requests, admitted beyond a limit of 1000, or too few.

${table(rows)}

What a limit with a memory store adds to one admitted request of Express, in one process and without a network, of which a request
without one takes ${spread(figure(bare))} µs:

${table(added)}`;
}

function clientTable(apart: Apart<readonly ClientRow[]>): string {
  const rows = apart.rows.map(({ name, used, denied, deniedFromStart, sent }) => ({
    client: name,
    "of the quota used": percent(used),
    "of the requests denied": percent(denied),
    "the first 5 s included": percent(deniedFromStart),
    sent,
  }));
  return `## Clients

${measured("bench:client", apart)}

100 clients before a limited Worker in workerd that together want four times its quota of 300 per 5 s, counted over 15 s after the first 5 s.

${table(rows)}`;
}
