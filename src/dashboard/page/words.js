import { count, visible } from "./dom.js";

/** Whom a rule is for, as text. */
export const whomText = ({ key, pattern, network }) =>
  key !== undefined ? `key ${visible(key)}` : pattern !== undefined ? `keys like ${visible(pattern)}` : network;

/** What a rule does, as text. */
export const whatText = ({ what, limits = {} }) =>
  [what, ...Object.entries(limits).map(([policy, limit]) => `${visible(policy)} ${count(limit)}`)].join(" ");

export const whereText = ({ limiter }) => limiter ?? "all limiters";

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export const timeText = (ms) => moment.format(ms);

export const untilText = ({ until }) => (until === undefined ? "until it is removed" : `until ${timeText(until)}`);

/** A rule in one line, as the history and other operators' changes are told. */
export const ruleText = (rule) => `${whatText(rule)}: ${whomText(rule)} in ${whereText(rule)}, ${untilText(rule)}`;

/** What a rule comes to, for whoever is about to make it. */
export function effectText(rule) {
  const [whom, where] = [whomText(rule), whereText(rule)];
  const lasting = `${untilText(rule)}.`;
  if (rule.what === "block") return `Every call of ${whom} is denied in ${where}, and takes nothing, ${lasting}`;
  if (rule.what === "allow") return `Every call of ${whom} passes in ${where} and is not counted, ${lasting}`;
  const limits = Object.entries(rule.limits).map(([policy, limit]) => `${visible(policy)} ${count(limit)}`);
  return `The limits of ${whom} in ${where} are ${limits.join(", ")}, ${lasting} What is used stays used.`;
}

/** How long something takes, rounded up. */
export function waitText(ms) {
  if (ms === undefined) return "never";
  if (ms === 0) return "now";
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${count(Math.ceil(seconds / 60))} min`;
  return seconds < 172_800 ? `${count(Math.ceil(seconds / 3600))} h` : `${count(Math.ceil(seconds / 86_400))} d`;
}
