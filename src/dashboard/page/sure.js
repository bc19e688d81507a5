const dialog = document.getElementById("sure");
const [no, yes] = dialog.querySelectorAll("button");

/** Asks whether it is meant; resolves to whether it is. */
export async function sure(title, text, act) {
  document.getElementById("sure-title").textContent = title;
  document.getElementById("sure-text").textContent = text;
  yes.textContent = act;
  dialog.returnValue = "no";
  dialog.showModal();
  no.focus();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue === "yes";
}

/** Whether the operator is being asked something: then nothing below it is to change. */
export const isAsking = () => document.querySelector("dialog[open]") !== null;
