// One server, in a process of its own: its options come as JSON in the last argument, and it tells when it listens.
import { type ServerOptions, serve } from "./servers.ts";

const { port, ...options } = JSON.parse(process.argv.at(-1) ?? "") as ServerOptions & { port: number };
await serve(options, port);
process.send?.("listening");
