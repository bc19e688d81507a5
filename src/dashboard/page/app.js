import { ask } from "./api.js";
import { element, keepingFocus, markScrollable } from "./dom.js";
import { lookUp, refreshKey } from "./key.js";
import { refreshRules } from "./rules.js";
import { showFigures } from "./views.js";

const EVERY_MS = Number(document.querySelector('meta[name="sluice-refresh"]').content);
const EVERY = `${Math.round(EVERY_MS / 1000)} s`;
const [choice, status, trouble, empty, figures] = ["choice", "status", "trouble", "empty", "figures"].map((id) =>
  document.getElementById(id),
);
let latest;
let asked = 0;

// The link has a token in it once; it is in a cookie by now.
history.replaceState(null, "", location.pathname);

async function refresh() {
  asked += 1;
  const turn = asked;
  const hours = Number(choice.elements.hours.value);
  try {
    const found = await ask(`api/figures?hours=${hours}`);
    if (turn !== asked) return;
    latest = found;
    trouble.hidden = true;
    status.textContent = `As of ${new Date().toLocaleTimeString()}, again every ${EVERY}`;
    show();
  } catch (error) {
    if (turn !== asked) return;
    trouble.replaceChildren(
      element("h2", {}, "Redis does not answer"),
      element(
        "p",
        {},
        `${error.message}. ${latest ? "What is shown is what was last read." : ""} It is tried again every ${EVERY}; check that Redis runs and that its URL and token are right.`,
      ),
    );
    trouble.hidden = false;
    status.textContent = "Not up to date";
  }
}

function show() {
  const select = choice.elements.limiter;
  const names = latest.limiters.map(({ limiter }) => limiter);
  if (
    [...select.options]
      .slice(1)
      .map(({ value }) => value)
      .join("\n") !== names.join("\n")
  ) {
    const before = select.value;
    select.replaceChildren(new Option("all", ""), ...names.map((name) => new Option(name, name)));
    select.value = names.includes(before) ? before : "";
  }
  const chosen = latest.limiters.filter(({ limiter }) => select.value === "" || limiter === select.value);
  const some = chosen.some(({ hours }) => hours.length > 0);
  empty.hidden = some;
  figures.hidden = !some;
  // What is being read or typed in stays: an open table is opened again.
  const open = document.querySelector("details.numbers")?.open;
  keepingFocus(() => {
    if (some)
      showFigures(chosen, latest, (key) => {
        lookUp(key);
        document.getElementById("key-title").scrollIntoView();
      });
  });
  const details = document.querySelector("details.numbers");
  if (open && details) details.open = true;
  markScrollable();
}

/** Reads all that is shown, the figures first. */
async function refreshAll() {
  await refresh();
  await Promise.all([refreshRules(), refreshKey()]);
}

choice.elements.hours.addEventListener("change", refresh);
choice.elements.limiter.addEventListener("change", show);
document.getElementById("refresh").addEventListener("click", refreshAll);
choice.addEventListener("submit", (event) => event.preventDefault());
document.addEventListener("visibilitychange", () => document.hidden || refreshAll());
addEventListener("resize", () => latest && show());
setInterval(() => document.hidden || refreshAll(), EVERY_MS);
refreshAll();
