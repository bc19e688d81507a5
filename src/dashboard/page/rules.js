import { ask } from "./api.js";
import { isAsking } from "./dialog.js";
import { element, keepingFocus, markScrollable, table, visible } from "./dom.js";
import { askForRule } from "./rule-form.js";
import { sure } from "./sure.js";
import { effectText, ruleText, timeText, whatText, whereText, whomText } from "./words.js";

/** More rules than this are found by the field above them. */
const MOST_ROWS = 100;
const ACTS = { block: "Block", allow: "Allow", limit: "Change the limits of" };

const [list, history, answer, find] = ["rules", "history", "rules-answer", "find-rule"].map((id) =>
  document.getElementById(id),
);
/** The rules as they are shown: what an operator decides, is decided on them. */
let known;

/** Reads the rules and shows them, unless the operator is being asked about them. */
export async function refreshRules() {
  if (isAsking()) return;
  try {
    const read = await ask("api/rules");
    // What an operator is deciding, is decided on what was shown.
    if (isAsking()) return;
    known = read;
    keepingFocus(show);
  } catch (error) {
    list.replaceChildren(element("p", {}, `The rules could not be read: ${error.message}`));
  }
}

/** Asks for a rule, asks once more, makes it, and says it back by `say`; resolves to whether one was made. */
export async function makeRule(given, say) {
  if (!known) await refreshRules();
  if (!known) return false;
  let trouble = "";
  for (;;) {
    const rule = await askForRule(given, known, trouble);
    if (!rule) return false;
    try {
      const title = `${ACTS[rule.what]} ${whomText(rule)}?`;
      const done = await changed("api/rules/add", { rule }, title, effectText(rule), "Make this rule");
      if (!done) return false;
      say(`Rule ${done.rule.id} is made: ${ruleText(done.rule)}.`, done.warnings);
      return true;
    } catch (error) {
      trouble = `Not made: ${error.message}`;
    }
  }
}

async function remove(rule) {
  const text = `${ruleText(rule)}. Without it the next rule that fits decides, or none.`;
  try {
    const by = known.by === undefined ? { by: localStorage.getItem("sluice-operator") ?? "" } : {};
    const done = await changed(
      "api/rules/remove",
      { id: rule.id, ...by },
      `Remove rule ${rule.id}?`,
      text,
      "Remove it",
    );
    if (done) say(`Rule ${rule.id} is removed.`, []);
  } catch (error) {
    say(`Not removed: ${error.message}.`, []);
  }
}

/** Asks whether it is meant and does it; `undefined` if it is not meant. What others changed meanwhile is told before. */
async function changed(path, body, title, text, act) {
  let before = "";
  let force = false;
  for (;;) {
    if (!(await sure(title, before + text, force ? "Do it all the same" : act))) return undefined;
    try {
      const done = await ask(path, { ...body, version: known.version, force });
      await refreshRules();
      return done;
    } catch (error) {
      if (error.status === 409) before = await othersText();
      else if (error.status === 422 && !force) {
        before = `${error.message}. `;
        force = true;
      } else {
        await refreshRules();
        throw error;
      }
    }
  }
}

/** What somebody else has changed since the rules were read, which then are read again. */
async function othersText() {
  const seen = known.history[0] && JSON.stringify(known.history[0]);
  await refreshRules();
  const newer = known.history.slice(
    0,
    known.history.findIndex((change) => JSON.stringify(change) === seen),
  );
  const changes = (seen ? newer : known.history).map(
    ({ change, by = "somebody", rules }) =>
      `${visible(by)} ${change === "add" ? "made" : "removed"} ${rules.map((rule) => `rule ${rule.id} (${ruleText(rule)})`).join(", ")}`,
  );
  return `Nothing was changed yet: the rules are other ones than this page showed. ${changes.join("; ")}. Still: `;
}

function say(text, warnings) {
  answer.textContent = [text, ...warnings.map((warning) => `Mind: ${warning}.`)].join(" ");
}

function show() {
  const wanted = find.value.trim().toLowerCase();
  const rules = [...known.rules].reverse();
  const found = rules.filter((rule) => `${ruleText(rule)} ${rule.why ?? ""}`.toLowerCase().includes(wanted));
  const rows = found.slice(0, MOST_ROWS).map((rule) => {
    const button = element(
      "button",
      { type: "button", class: "danger", ariaLabel: `Remove rule ${rule.id}` },
      "Remove",
    );
    button.addEventListener("click", () => remove(rule));
    return [`${rule.id}`, ...cellsOf(rule), untilCell(rule), shown(rule.by), shown(rule.why), button];
  });
  const heads = ["Rule", "What", "For", "In", "Until", "By", "Why", "Action"];
  const more = found.length - rows.length;
  list.replaceChildren(
    rows.length > 0
      ? table("Rules", heads, rows)
      : element("p", {}, rules.length === 0 ? "There are none." : "None fits."),
    ...(more > 0 ? [element("p", { class: "note" }, `And ${more} older ones: find them by a word of theirs.`)] : []),
  );
  const changes = known.history.flatMap(({ change, at, by, rules, count }) => [
    ...rules.map((rule) => [
      timeText(at),
      change === "add" ? "made" : "removed",
      `${rule.id}`,
      ...cellsOf(rule),
      shown(by),
    ]),
    ...(count > rules.length
      ? [[timeText(at), change, "", `and ${count - rules.length} more`, "", "", shown(by)]]
      : []),
  ]);
  history.replaceChildren(
    changes.length > 0
      ? table("Changes of the rules", ["When", "Change", "Rule", "What", "For", "In", "By"], changes)
      : element("p", {}, "Nobody has changed anything yet."),
  );
  markScrollable();
}

const cellsOf = (rule) => [whatText(rule), element("bdi", { class: "text" }, whomText(rule)), whereText(rule)];
const untilCell = ({ until }) => (until === undefined ? "no end" : timeText(until));
const shown = (text) => element("bdi", { class: "free" }, visible(text ?? ""));

find.addEventListener("input", () => known && show());
document.getElementById("add-rule").addEventListener("click", () => makeRule({}, say));
document.getElementById("changes").addEventListener("toggle", markScrollable);
