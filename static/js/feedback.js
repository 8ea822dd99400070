// The feedback dialog: counts characters, closes when the words have arrived.

import { count } from "./format.js";
import { openDialog } from "./dialogs.js";
import { n, t } from "./words.js";

export function feedbackDialog(dialog) {
  const form = dialog.querySelector("form");
  const words = form.elements.opinion;
  const counter = dialog.querySelector(".count");
  const draw = () => {
    const length = [...words.value.trim()].length;
    const missing = words.minLength - length;
    counter.textContent = missing > 0 ? n(missing, "{count} more character", "{count} more characters") : t("{count} of {most}", { count: count(length), most: count(words.maxLength) });
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
