// The form in which somebody objects to what a guardrail decided: Escape leaves it. It sends nothing itself.

import { element } from "./icons.js";
import { t } from "./words.js";

const MOST = 500; // characters

/** send(text); cancel() */
export function objectionForm(send, cancel) {
  const field = element("textarea", { class: "input", rows: "2", maxlength: String(MOST), required: true, dir: "auto", "aria-label": t("Why you object") });
  const form = element("form", { class: "guard-form" }, field, element("div", { class: "form-row" },
    element("button", { type: "button", class: "button small quiet", onclick: cancel }, t("Cancel")),
    element("button", { type: "submit", class: "button small primary" }, t("Send objection"))));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) send(field.value.trim());
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    cancel();
  });
  return form;
}
