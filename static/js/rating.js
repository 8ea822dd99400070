// What was wrong with an answer: reasons that save at the first click, and one optional line of text.

import { element, iconButton, takeAway } from "./icons.js";
import { t } from "./words.js";

/** opener: the button that opened it, where the keyboard goes on. */
export function ratingPanel(reasons, save, opener, onClose) {
  const chosen = new Set();
  const close = () => {
    takeAway(panel, opener());
    onClose();
  };
  const chips = reasons.map(({ value, label }) => {
    const chip = element("button", { type: "button", class: "chip", "aria-pressed": "false" }, label);
    chip.addEventListener("click", () => {
      chosen[chosen.has(value) ? "delete" : "add"](value);
      chip.setAttribute("aria-pressed", String(chosen.has(value)));
      save({ reasons: [...chosen] });
    });
    return chip;
  });
  const comment = element("input", { type: "text", maxlength: "1000", placeholder: t("Anything else? (optional)"), "aria-label": t("Anything else?"), dir: "auto" });
  const form = element("form", { class: "comment" }, comment, element("button", { type: "submit", class: "button small" }, t("Save")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save({ reasons: [...chosen], comment: comment.value.trim() });
    close();
  });
  const panel = element("section", { class: "rating-panel", "aria-label": t("What was wrong?") },
    element("div", { class: "rating-head" }, element("h2", {}, t("What was wrong?")), iconButton("close", t("Close"), close)), element("div", { class: "chips" }, ...chips), form);
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  requestAnimationFrame(() => panel.scrollIntoView({ block: "nearest" })); // below the newest answer it would begin out of view
  return panel;
}
