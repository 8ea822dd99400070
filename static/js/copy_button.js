// Buttons that copy the field they name. Without this file they are hidden and the field is selected by hand.

import { copyText } from "./code_blocks.js";
import { t } from "./words.js";

export function enableCopying(root = document) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    button.hidden = false;
    field.addEventListener("focus", () => field.select());
    copiesFrom(field, button);
  }
}

/** The button copies what the field holds then, and says whether it did. */
export function copiesFrom(field, button) {
  const label = button.querySelector("span");
  const usual = label.textContent;
  button.addEventListener("click", async () => {
    const done = await copyText(field.value);
    if (!done) field.select();
    label.textContent = done ? t("Copied") : t("Press Ctrl C");
    setTimeout(() => { label.textContent = usual; }, 1600);
  });
}
