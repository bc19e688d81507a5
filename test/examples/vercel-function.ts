// Serves a function of Vercel's build output on Node, as that runtime does: `tsx vercel-function.ts <name>.func`, on `PORT`. What
// stands before it there tells the client's address in two fields, whatever the client sent in them.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type HttpBindings, serve } from "@hono/node-server";

const { PORT } = process.env;
const folder = resolve(process.argv[2] ?? "");
const { handler } = JSON.parse(await readFile(join(folder, ".vc-config.json"), "utf8"));
const program = (await import(pathToFileURL(join(folder, handler)).href)).default;

serve({
  port: Number(PORT),
  hostname: "127.0.0.1",
  overrideGlobalObjects: false,
  fetch(request, { incoming }) {
    const address = (incoming as HttpBindings["incoming"]).socket.remoteAddress ?? "";
    const headers = new Headers(request.headers);
    for (const name of ["x-real-ip", "x-forwarded-for"]) headers.set(name, address);
    const { url, method, body } = request;
    // A body that is a stream wants the word; the types don't know it.
    const init = { method, headers, body, duplex: "half" };
    return program.fetch(new Request(url, init));
  },
});
