import type { Part } from "./body.ts";
import { PIECE } from "./encodings.ts";

/**
 * Writes to a client as fast as it reads. Short texts that wait meanwhile are joined to bytes: as strings, and with a
 * write for each, they would take several times their length.
 */
export function createQueue(write: (piece: Buffer) => Promise<unknown>) {
  const pieces: Buffer[] = [];
  let text = "";
  let size = 0;
  let isWriting = false;
  const push = (piece: Buffer) => {
    pieces.push(piece);
    size += piece.length;
  };
  const join = () => {
    if (text !== "") push(Buffer.from(text));
    text = "";
  };
  const writeAll = async () => {
    isWriting = true;
    for (join(); pieces.length > 0; pieces.length === 0 && join()) {
      const piece = pieces.shift() as Buffer;
      await write(piece);
      size -= piece.length;
    }
    isWriting = false;
  };
  return {
    /** How much has not been written yet, in bytes; of a text shorter than a piece in UTF-16 units. */
    unsent: () => size + text.length,
    /** Text, or bytes that are sent as they are. */
    add(parts: readonly Part[]): void {
      for (const part of parts) {
        if (typeof part === "string") text += part;
        if (typeof part !== "string" || text.length >= PIECE) join();
        if (typeof part !== "string") push(part);
      }
      if (!isWriting) void writeAll();
    },
  };
}
