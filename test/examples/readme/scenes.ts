import { type Block, blocksOf, text } from "../../docs/blocks.ts";

/** What a page shows under one heading, or in one fold: files, commands, and what they are said to print. */
export interface Scene {
  readonly title: string;
  /** By their path in the reader's folder. */
  readonly files: ReadonlyMap<string, string>;
  readonly commands: readonly Command[];
}

/** A line to be pasted. */
export interface Command {
  /** Where it stands, e.g. `README.md:88`. */
  readonly where: string;
  /** Without its comment. */
  readonly line: string;
  /** The `http` block that follows; undefined if another block or none does. */
  readonly promised: string | undefined;
}

/** The scenes of a page that have commands, in order. CONTRIBUTING.md says how blocks are marked. */
export function scenesOf(page: string): Scene[] {
  const lines = text(page).split("\n");
  const blocks = blocksOf(page);
  const inBlock = (line: number) =>
    blocks.some((block) => line > block.line && line <= block.line + block.code.split("\n").length);
  const begins = lines.flatMap((line, i) => (/^#+ |^<details>/.test(line) && !inBlock(i + 1) ? [i] : []));
  return begins
    .map((begin, k) => {
      const end = begins[k + 1] ?? lines.length;
      const own = blocks.filter(({ line }) => line > begin && line <= end);
      const title = (lines[begin] ?? "").replace(/<[^>]+>|^#+ /g, "");
      return { title, files: filesOf(own), commands: own.flatMap((block, i) => commandsOf(block, own[i + 1])) };
    })
    .filter(({ commands }) => commands.length > 0);
}

/** Blocks with a name are files: `ts index.ts`, or `ts examples/node-hono/server.ts` of that example's folder. */
function filesOf(blocks: readonly Block[]): Map<string, string> {
  const named = blocks.filter(({ label }) => label !== "");
  return new Map(named.map(({ label, code }) => [label.replace(/^examples\/[^/]+\//, ""), code]));
}

function commandsOf({ language, page, line, code }: Block, next: Block | undefined): Command[] {
  if (language !== "sh") return [];
  const lines = code.split("\n").map((text, i) => ({ where: `${page}:${line + 1 + i}`, line: uncommented(text) }));
  const commands = lines.filter((each) => each.line !== "");
  const promised = next?.language === "http" ? next.code : undefined;
  return commands.map((command, i) => ({ ...command, promised: i === commands.length - 1 ? promised : undefined }));
}

const uncommented = (line: string) => line.replace(/(^|\s)#.*/, "").trim();
