// A model API that stands in for a real one: it streams a few words, one event each, then reports what it used. It also
// "thinks" 200 tokens that max_tokens doesn't bound, as reasoning models do. A prompt
// with "fail" gets a 500, one with "hang up" no answer at all, with "break" the answer breaks off, and with "slowly" it takes seconds.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const WORDS = "A rate limiter lets through what it should and no more".split(
  " ",
);
const THOUGHT = 200;

const server = createServer(async (request, response) => {
  let text = "";
  for await (const part of request) text += part;
  if (text.includes("fail")) return response.writeHead(500).end();
  if (text.includes("hang up")) return request.socket.destroy();
  const { messages, max_tokens: most } = JSON.parse(text);
  const words = WORDS.slice(0, most);
  const send = (event) => response.write(`data: ${JSON.stringify(event)}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const word of words) {
    send({ choices: [{ delta: { content: `${word} ` } }] });
    await sleep(text.includes("slowly") ? 300 : 20);
    if (text.includes("break")) return request.socket.destroy();
  }
  const prompt = messages.flatMap(({ content }) =>
    String(content).split(" "),
  ).length;
  send({
    choices: [],
    usage: { total_tokens: prompt + THOUGHT + words.length },
  });
  response.end("data: [DONE]\n\n");
});

server.listen(process.env.PORT ?? 8788, "127.0.0.1");
