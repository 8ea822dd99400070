// Buttons that copy the field they name. Without this file they are hidden and the field is selected by hand.

import { copyText } from "./code_blocks.js";

export function enableCopying(root = document) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    const label = button.querySelector("span");
    const said = label.textContent;
    button.hidden = false;
    field.addEventListener("focus", () => field.select());
    button.addEventListener("click", async () => {
      const done = await copyText(field.value);
      if (!done) field.select();
      label.textContent = done ? "Copied" : "Press Ctrl C";
      setTimeout(() => { label.textContent = said; }, 1600);
    });
  }
}
