import { ask } from "./api.js";
import { blockKey } from "./block.js";
import { isAsking } from "./dialog.js";
import { count, element, keepingFocus, markScrollable, visible } from "./dom.js";
import { quotaOf } from "./quota.js";
import { makeRule } from "./rules.js";
import { sure } from "./sure.js";
import { ruleText } from "./words.js";

const form = document.getElementById("look-up");
const answer = document.getElementById("answer");
const state = document.getElementById("state");
const TASKS = [
  ["block", "Block"],
  ["allow", "Allow"],
  ["limit", "Change limits"],
];
/** The key that is shown. */
let shownKey;

/** Shows one key's state in every limiter that is known. */
export async function lookUp(key, said = "") {
  form.elements.key.value = key;
  answer.textContent = `${said}Looking …`;
  await look(key, said);
}

/** Reads the state of the key that is shown again, unless the operator is being asked something. */
export async function refreshKey() {
  if (shownKey !== undefined && !isAsking()) await look(shownKey);
}

async function look(key, said = "") {
  try {
    const { limiters, rulesError } = await ask("api/key", { key });
    if (isAsking()) return;
    shownKey = key;
    const none = limiters.length === 0 ? "No limiter has described itself to this Redis." : "";
    const trouble = rulesError ? ` Without the rules, which could not be read: ${rulesError}.` : "";
    answer.textContent = `${said}${none || `As of ${new Date().toLocaleTimeString()}.`}${trouble}`;
    keepingFocus(() => state.replaceChildren(...limiters.map((each) => card(each, key))));
    markScrollable();
  } catch (error) {
    answer.textContent = `${said}Not read: ${error.message}`;
    state.replaceChildren();
  }
}

function card(found, key) {
  const { limiter, rule, error, blocked, blocks, regions, otherwise } = found;
  const act = (words, does) => actionButton(`${words} in ${limiter}`, words, does);
  const buttons = TASKS.map(([what, words]) =>
    act(blocks && what === "block" ? "Block by a rule" : words, () => makeRule({ what, limiter, key }, saidOf(key))),
  );
  // What is not known can't be reset, but an operator's rule holds for it.
  if (!error && !regions) {
    if (blocks) buttons.unshift(act("Block for a time", () => does("blocked", key, () => blockKey(limiter, key))));
    buttons.unshift(
      blocked
        ? act("Pardon", () => does("pardoned", key, () => pardon(limiter, key)))
        : act("Reset", () => does("reset", key, () => reset(limiter, key))),
    );
  }
  return element(
    "article",
    { class: "card", ariaLabel: limiter },
    element("h3", {}, limiter),
    ...(rule ? [element("p", { class: `rule ${rule.what}` }, ruleWords(rule))] : []),
    quotaOf(found),
    ...(otherwise ? [element("p", { class: "note" }, otherwiseText(otherwise))] : []),
    element("div", { class: "actions" }, ...buttons),
  );
}

const ruleWords = (rule) =>
  `Rule ${rule.id}, ${ruleText(rule)}${rule.by ? `, by ${visible(rule.by)}` : ""}${rule.why ? `: ${visible(rule.why)}` : ""}`;

/** Two limiters of one name, or one that has been changed. */
function otherwiseText(policies) {
  const said = policies.map(({ name, limit }) => `${visible(name)} (${count(limit)})`).join(", ");
  return `Today or yesterday it described itself with other policies or another penalty: ${said}. If it was not deployed anew, two limiters share this name: give each its own. What is shown is of the one that came last.`;
}

function actionButton(ariaLabel, words, act) {
  const button = element(
    "button",
    { type: "button", class: words.startsWith("Block") ? "danger" : "", ariaLabel },
    words,
  );
  button.addEventListener("click", act);
  return button;
}

/** Says back what was done to a key, above its state as it is then. */
const saidOf = (key) => (text, warnings) =>
  lookUp(key, [text, ...warnings.map((warning) => `Mind: ${warning}.`), ""].join(" "));

/** Does what asks by itself whether it is meant, and says back what it says. */
async function does(what, key, act) {
  try {
    const said = await act();
    if (said) await lookUp(key, `${said} `);
  } catch (error) {
    answer.textContent = `Not ${what}: ${error.message}`;
  }
}

/** What isolates know of a key goes on for a while. */
const KNOWN =
  "Isolates that have seen it denied deny it for a few seconds more, as their snapshots do: 5 s unless they were told otherwise.";

async function reset(limiter, key) {
  const text = `${visible(key)} gets its whole quota in ${limiter} again. ${KNOWN} What they hold of it as leases may be spent besides, until these end.`;
  if (!(await sure("Reset this quota?", text, "Reset it"))) return undefined;
  await ask("api/reset", { limiter, key });
  return `Reset ${visible(key)} in ${limiter}.`;
}

async function pardon(limiter, key) {
  const text = `The block of ${visible(key)} in ${limiter} ends, its denials are forgotten, and it gets its whole quota again. ${KNOWN}`;
  if (!(await sure("Pardon this key?", text, "Pardon it"))) return undefined;
  await ask("api/reset", { limiter, key });
  return `Pardoned ${visible(key)} in ${limiter}.`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  lookUp(form.elements.key.value);
});
