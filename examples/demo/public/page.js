import { look } from "./api.js";
import { createPanel } from "./panel.js";

const LOOK_EVERY_MS = { busy: 250, idle: 2000 };
const CALM_FRAME_MS = 200;

const caller = document.querySelector("#caller");
const keyField = document.querySelector("#key");
const outage = document.querySelector("#outage");

const seconds = (ms) => `${ms / 1000} s`;
const apiKey = () => (caller.elements.who.value === "key" ? keyField.value : "");

const shared = { apiKey, sent: () => lookAgain(60) };
const panels = {
  bucket: createPanel({
    ...shared,
    path: "/api/bucket",
    title: "Token bucket",
    flows: true,
    told: ({ limit, windowMs, burst }) =>
      `${limit} per ${seconds(windowMs)} flow in, one each ${seconds(windowMs / limit)}; it holds ${burst}.`,
  }),
  window: createPanel({
    ...shared,
    path: "/api/window",
    title: "Sliding window",
    flows: false,
    told: ({ limit, windowMs }) => `${limit} in any ${seconds(windowMs)}, estimated from two counters.`,
  }),
  hot: createPanel({
    ...shared,
    path: "/api/hot",
    leasedPath: "/api/leased",
    title: "Hot key",
    flows: true,
    fastest: 50,
    told: ({ limit, windowMs, burst }) => `A bucket of ${limit} per ${seconds(windowMs)}; it holds ${burst}.`,
    switched: () => startOver(),
  }),
};

document.querySelector("#panels").replaceChildren(...Object.values(panels).map(({ element }) => element));

let timer;
let busy = true;

async function lookNow() {
  const [asked, withLeases] = [apiKey(), panels.hot.leases()];
  try {
    const status = await look(asked, withLeases);
    if (asked !== apiKey() || withLeases !== panels.hot.leases()) return;
    for (const [name, panel] of Object.entries(panels)) panel.show(status[name]);
    document.querySelector("#dashboard").hidden = !status.dashboard;
    const { error } = status.bucket;
    outage.hidden = !error;
    if (error)
      outage.textContent = `Redis could not be asked (${error.kind}): requests pass uncounted until it answers.`;
  } catch {
    outage.hidden = false;
    outage.textContent = "The Worker does not answer. Is npm start still running?";
  }
}

function lookAgain(afterMs) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    if (!document.hidden) await lookNow();
    lookAgain(busy ? LOOK_EVERY_MS.busy : LOOK_EVERY_MS.idle);
  }, afterMs);
}

function startOver() {
  keyField.disabled = caller.elements.who.value !== "key";
  for (const panel of Object.values(panels)) panel.clear();
  lookAgain(0);
}

caller.addEventListener("submit", (event) => event.preventDefault());
for (const choice of caller.elements.who) choice.addEventListener("change", startOver);
keyField.addEventListener("input", startOver);
document.querySelector("#fresh").addEventListener("click", () => {
  caller.elements.who.value = "key";
  keyField.value = `key-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
  startOver();
});
document.addEventListener("visibilitychange", () => lookAgain(0));

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function frame(now) {
  busy = Object.values(panels)
    .map((panel) => panel.tick(now))
    .some(Boolean);
  if (busy && !calm.matches) requestAnimationFrame(frame);
  else setTimeout(() => requestAnimationFrame(frame), CALM_FRAME_MS);
}

startOver();
requestAnimationFrame(frame);
