import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// node:http alone: reads each request to its end and answers as redis-rest answers a PING.
const body = '{"result":"UE9ORw=="}';
const headers = {
  "content-type": "application/json",
  "upstash-sync-token": "AAAAAAAA.0",
  "content-length": String(body.length),
};
const server = createServer({ noDelay: true, keepAliveTimeout: 65_000 }, (request, response) => {
  request.on("data", () => {}).on("end", () => response.writeHead(200, headers).end(body));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
