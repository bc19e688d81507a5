import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** A TCP port of `host` that nobody listens on now. Another process may take it before you do: retry on EADDRINUSE. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  const probe = createServer().listen(0, host);
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
