const STRING = /('[^']*')/;
const NAME = /(?<![.\w])[A-Za-z_]\w*/g;
/** `local a, b`, `local function a(b)`, `function(a)` and `for a`: what declares names. */
const DECLARATIONS = /\blocal (?!function)([\w, ]+)|\bfunction ?(\w*)\(([\w, ]*)\)|\bfor ([\w, ]+)/g;

/**
 * Gives the local names of Lua scripts, the longer ones, names of one letter or two; the same name gets the same one in all of
 * them. A worker carries these texts, and Redis gets them with EVAL.
 */
export function shortenLua(scripts: readonly string[]): string[] {
  const declared = new Set(scripts.flatMap((script) => [...script.matchAll(DECLARATIONS)].flatMap(namesIn)));
  const taken = new Set(scripts.flatMap((script) => code(script).flatMap((part) => part.match(NAME) ?? [])));
  const short = shortNames(taken);
  const names = new Map(
    [...declared].filter((name) => name.length > 1).map((name) => [name, short.next().value as string]),
  );
  const shortened = (part: string) => part.replace(NAME, (name) => names.get(name) ?? name);
  return scripts.map((script) => {
    const parts = script.split(STRING);
    return parts.map((part, i) => (i % 2 === 0 ? shortened(part) : part)).join("");
  });
}

const code = (script: string) => script.split(STRING).filter((_part, i) => i % 2 === 0);

const namesIn = ([, ...lists]: RegExpExecArray | RegExpMatchArray) =>
  lists.flatMap((list) => (list ?? "").split(",").map((name) => name.trim())).filter((name) => name !== "");

function* shortNames(taken: ReadonlySet<string>): Generator<string> {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"];
  const all = [...letters, ...letters.flatMap((first) => letters.map((second) => first + second))];
  yield* all.filter((name) => !taken.has(name) && !["do", "if", "in", "or"].includes(name));
}
