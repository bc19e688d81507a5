import { ask } from "./api.js";
import { bar, count, element, keepingFocus, markScrollable, table, visible } from "./dom.js";
import { makeRule } from "./rules.js";
import { isAsking, sure } from "./sure.js";
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

function card({ limiter, policies, rule, error }, key) {
  const buttons = TASKS.map(([what, words]) =>
    actionButton(`${words} in ${limiter}`, words, () => makeRule({ what, limiter, key }, saidOf(key))),
  );
  // What is not known can't be reset, but an operator's rule holds for it.
  if (!error) buttons.unshift(actionButton(`Reset in ${limiter}`, "Reset", () => reset(limiter, key)));
  return element(
    "article",
    { class: "card", ariaLabel: limiter },
    element("h3", {}, limiter),
    ...(rule ? [element("p", { class: `rule ${rule.what}` }, ruleWords(rule))] : []),
    error ? element("p", {}, `Its counts are not known: ${error}.`) : statusTable(limiter, policies),
    element("div", { class: "actions" }, ...buttons),
  );
}

const ruleWords = (rule) =>
  `Rule ${rule.id}, ${ruleText(rule)}${rule.by ? `, by ${visible(rule.by)}` : ""}${rule.why ? `: ${visible(rule.why)}` : ""}`;

/** What is left of each policy, or how much is held at once. */
function statusTable(limiter, policies) {
  const isHeld = policies.some(({ unit }) => unit === "concurrent-requests");
  const rows = policies.map(({ policy, remaining, burst = Infinity, resetAfterMs }) => {
    const number = isHeld ? burst - remaining : remaining;
    const drawn = bar(number, burst, `${number} of ${burst}`);
    return [visible(policy), number, burst, drawn, waitText(resetAfterMs)];
  });
  const heads = isHeld
    ? ["Policy", "Held", "Of", "Drawn", "All free in"]
    : ["Policy", "Left", "Of", "Drawn", "Whole again in"];
  return element("div", { class: "wide" }, table(`State in ${limiter}`, heads, rows));
}

function actionButton(ariaLabel, words, act) {
  const button = element("button", { type: "button", class: words === "Block" ? "danger" : "", ariaLabel }, words);
  button.addEventListener("click", act);
  return button;
}

/** Says back what was done to a key, above its state as it is then. */
const saidOf = (key) => (text, warnings) =>
  lookUp(key, [text, ...warnings.map((warning) => `Mind: ${warning}.`), ""].join(" "));

/** Asks once more, does it, and says it back. */
async function reset(limiter, key) {
  const text = `${visible(key)} gets its whole quota in ${limiter} again, at once and for everybody.`;
  if (!(await sure("Reset this quota?", text, "Reset it"))) return;
  try {
    await ask("api/reset", { limiter, key });
    await lookUp(key, `Reset ${visible(key)} in ${limiter}. `);
  } catch (error) {
    answer.textContent = `Not reset: ${error.message}`;
  }
}

function waitText(ms) {
  if (ms === undefined) return "never";
  if (ms === 0) return "now";
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${count(Math.ceil(seconds / 60))} min`;
  return seconds < 172_800 ? `${count(Math.ceil(seconds / 3600))} h` : `${count(Math.ceil(seconds / 86_400))} d`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  lookUp(form.elements.key.value);
});
