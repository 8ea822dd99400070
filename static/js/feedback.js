// The feedback dialog: counts characters, closes when the words have arrived. Fetched when it is first wanted.

import { count } from "./format.js";
import { openDialog } from "./dialogs.js";
import { n, t } from "./words.js";

const dialog = document.getElementById("feedback");
const form = dialog.querySelector("form");
const words = form.elements.opinion;

function draw() {
  const length = [...words.value.trim()].length;
  const missing = words.minLength - length;
  dialog.querySelector(".count").textContent = missing > 0 ? n(missing, "{count} more character", "{count} more characters") : t("{count} of {most}", { count: count(length), most: count(words.maxLength) });
}

words.addEventListener("input", draw);
form.addEventListener("ajax:done", () => { dialog.close(); draw(); });
draw();

export function openFeedback() {
  openDialog(dialog);
  words.focus();
}
