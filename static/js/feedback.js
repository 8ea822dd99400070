// The feedback dialog: counts characters, closes when the words have arrived.

import { count, counted } from "./format.js";
import { openDialog } from "./dialogs.js";

export function feedbackDialog(dialog) {
  const form = dialog.querySelector("form");
  const words = form.elements.opinion;
  const counter = dialog.querySelector(".count");
  const draw = () => {
    const length = [...words.value.trim()].length;
    const missing = words.minLength - length;
    counter.textContent = missing > 0 ? counted(missing, "more character") : `${count(length)} of ${count(words.maxLength)}`;
  };
  words.addEventListener("input", draw);
  form.addEventListener("ajax:done", () => { dialog.close(); draw(); });
  draw();
  return {
    open() {
      openDialog(dialog);
      words.focus();
    },
  };
}
