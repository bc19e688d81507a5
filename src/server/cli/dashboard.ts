import { randomBytes } from "node:crypto";
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { getRequestListener } from "@hono/node-server";
import { type DashboardOptions, dashboard } from "../../dashboard/dashboard.ts";
import type { RedisClient } from "../../store/redis-client.ts";
import { tokenCheck } from "../rest/access/token-check.ts";
import { startHttpServer } from "../rest/http/server.ts";
import { DATABASE, databaseOfEnvironment, namespaceOption } from "./database.ts";
import { fail, untilEnded, wholeNumber } from "./shared.ts";
import { userName } from "./user-name.ts";

const HOST = "127.0.0.1";
const CLIENT_TIMEOUT_MS = 30_000;
const CLOSE_GRACE_MS = 1000;

/** The command `dashboard`: a page on this machine alone, until Ctrl-C. */
export function dashboardCommand(): CommandUnknownOpts {
  return new Command("dashboard")
    .description("Show what limiters decide, a key's state and the rules, and change them, on a page of this machine.")
    .option("-p, --port <port>", "port to listen on, 0 for a free one", wholeNumber(0, 65535), 8078)
    .addOption(namespaceOption())
    .addHelpText("after", `\n${DATABASE}`)
    .allowExcessArguments(false)
    .action(({ port, namespace }) => serve(port, namespace).catch(fail));
}

async function serve(port: number, namespace: string | undefined): Promise<void> {
  const server = await startDashboard(databaseOfEnvironment(), port, { namespace, operator: userName });
  console.log(`The dashboard, for whoever has this link: ${server.link}`);
  await untilEnded();
  await server.close();
}

/** Serves the page on loopback; `link` lets its browser in by a cookie. @throws {ExpectedError} if the port is taken */
export async function startDashboard(
  redis: RedisClient,
  port: number,
  options: Pick<DashboardOptions, "namespace" | "operator"> = {},
) {
  const token = randomBytes(24).toString("base64url");
  const isToken = tokenCheck(token);
  let cookie = "";
  let hosts: readonly string[] = [];

  const byLink = (request: Request) => isToken(new URL(request.url).searchParams.get("token") ?? "");
  function byCookie(request: Request): boolean {
    const pairs = (request.headers.get("cookie") ?? "").split(";").map((pair) => pair.trim().split("="));
    return pairs.some(([name, value = ""]) => name === cookie && isToken(value));
  }
  // A page from elsewhere whose name was made to lead here has another host in its requests.
  const isOwnHost = (request: Request) => hosts.includes(request.headers.get("host") ?? "");
  const handler = dashboard({
    redis,
    ...options,
    authorize: (request) => isOwnHost(request) && (byLink(request) || byCookie(request)),
  });

  async function answer(request: Request): Promise<Response> {
    const response = await handler(request);
    if (response.ok && byLink(request)) {
      response.headers.append("set-cookie", `${cookie}=${token}; Path=/; HttpOnly; SameSite=Strict`);
    }
    return response;
  }

  const server = await startHttpServer(getRequestListener(answer), HOST, port, CLIENT_TIMEOUT_MS);
  const bound = new URL(server.url).port;
  // Cookies know no ports, and two of these may run.
  cookie = `sluice-dashboard-${bound}`;
  hosts = [`${HOST}:${bound}`, `localhost:${bound}`];
  return { url: server.url, link: `${server.url}/?token=${token}`, close: () => server.close(CLOSE_GRACE_MS) };
}
