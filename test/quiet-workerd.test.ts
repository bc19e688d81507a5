import { expect, test } from "vitest";
import { isExpected } from "./quiet-workerd.ts";

const stack = "\nstack: /bin/workerd@52008e2 /bin/workerd@5200ac5\n";

test.each([
  "exception = workerd/api/web-socket.c++:821: disconnected: WebSocket peer disconnected\n",
  `exception = kj/async-io-unix.c++:1538: disconnected: connect(): Connection refused${stack}`,
  "uncaught exception; source = Uncaught (in promise); stack = Error: Network connection lost.\n",
  `uncaught exception; exception = jsg/value.h:1480: disconnected: jsg.Error: Network connection lost.${stack}`,
])("what is due is not shown: %s", (record) => expect(isExpected(record)).toBe(true));

test.each([
  "uncaught exception; source = Uncaught (in promise); stack = TypeError: x is not a function\n",
  `exception = workerd/io/worker.c++:1: failed: expected promise${stack}`,
  "AssertionError: expected connect(): Connection refused\n",
  "Cannot perform I/O on behalf of a different request\n",
  new Uint8Array(3),
])("everything else is: %s", (record) => expect(isExpected(record)).toBe(false));
