import { once } from "node:events";
import { connect } from "node:net";

const MARK = "the end of the reply";

/** What Redis itself sends for a command, byte for byte, as latin1 text. */
export async function wireReply(redisUrl: string, command: readonly unknown[]): Promise<string> {
  const { hostname, port, password } = new URL(redisUrl);
  const socket = connect(Number(port), hostname).setEncoding("latin1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.write([["AUTH", password], command, ["ECHO", MARK]].map(encode).join(""));
  const end = `$${MARK.length}\r\n${MARK}\r\n`;
  while (!text.endsWith(end)) await once(socket, "data");
  socket.destroy();
  return text.slice("+OK\r\n".length, -end.length);
}

function encode(words: readonly unknown[]): string {
  const texts = words.map(String);
  return `*${texts.length}\r\n${texts.map((text) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`).join("")}`;
}
