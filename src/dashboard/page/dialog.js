/** Opens a dialog; resolves, once it is closed, to whether that was by going on. */
export async function goesOn(dialog) {
  dialog.returnValue = "no";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue === "yes";
}

/** The dialog with a form: its first button closes it, what the form's own button sends goes on. */
export function formIn(dialog) {
  const form = dialog.querySelector("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.close("yes");
  });
  dialog.querySelector(".actions button").addEventListener("click", () => dialog.close());
  return form;
}

/** Whether the operator is being asked something: then nothing below it is to change. */
export const isAsking = () => document.querySelector("dialog[open]") !== null;
