import type { Rule } from "../../../rules/rule.ts";
import type { RuleChange } from "../../../rules/rule-file.ts";
import { table } from "../table.ts";

/** Rules as a table. */
export function rulesText(rules: readonly Rule[]): string {
  if (rules.length === 0) return "no rules";
  const names = ["ID", "WHAT", "LIMITER", "FOR", "UNTIL", "BY", "WHY"];
  return table(names, rules.map(cellsOf));
}

/** Changes as a table, a line for each rule. */
export function historyText(changes: readonly RuleChange[]): string {
  if (changes.length === 0) return "no changes";
  const rows = changes.flatMap(({ change, at, by = "", rules, count }) => {
    const more = count > rules.length ? [[timeText(at), change, by, "", `and ${count - rules.length} more`]] : [];
    return [
      ...rules.map((rule) => {
        const [id = "", what = "", limiter = "", whom = ""] = cellsOf(rule);
        return [timeText(at), change, by, id, what, limiter, whom];
      }),
      ...more,
    ];
  });
  return table(["WHEN", "CHANGE", "BY", "ID", "WHAT", "LIMITER", "FOR"], rows);
}

function cellsOf({ id, what, limits = {}, limiter = "(all)", key, pattern, network, until, by = "", why = "" }: Rule) {
  const amounts = Object.entries(limits).map(([name, limit]) => `${plain(name)}=${limit}`);
  const whom =
    key === undefined
      ? `${pattern !== undefined ? "pattern" : "network"} ${plain(pattern ?? network ?? "")}`
      : `key ${plain(key)}`;
  const end = until === undefined ? "removed" : timeText(until);
  return [`${id}`, [what, ...amounts].join(" "), limiter, whom, end, plain(by), plain(why)];
}

const timeText = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");

/** Text that can't move a terminal's cursor or look like another cell. */
const plain = (text: string) =>
  /^[^\s"\\\p{C}]+( [^\s"\\\p{C}]+)*$/u.test(text) || text === "" ? text : JSON.stringify(text);
