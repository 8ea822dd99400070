// The small fields in which a prompt asks for what it needs, above the message field. It knows nobody who uses the text.

import { element } from "./icons.js";
import { filled, variablesOf } from "./prompt_text.js";
import { t } from "./words.js";

/** done(text) gets the filled text; cancel() when nothing is wanted. Returns the node, with its first field to focus. */
export function promptFields({ name, text }, { done, cancel }) {
  const fields = variablesOf(text).map((variable, index) => [variable, element("textarea", { id: `prompt-field-${index}`, rows: "1", dir: "auto" })]);
  const insert = () => done(filled(text, new Map(fields.map(([variable, field]) => [variable, field.value.trim()]))));
  const node = element("div", { class: "prompt-fields", role: "group", "aria-label": t("Fill in: {name}", { name }) },
    element("p", { class: "name", dir: "auto" }, name),
    ...fields.map(([variable, field]) => element("div", { class: "field" }, element("label", { for: field.id, dir: "auto" }, variable), field)),
    element("div", { class: "form-row" },
      element("button", { type: "button", class: "button small quiet", onclick: cancel }, t("Cancel")),
      element("button", { type: "button", class: "button small primary", onclick: insert }, t("Insert"))));
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel();
    else if (event.key === "Enter" && !event.shiftKey && event.target.tagName === "TEXTAREA") next(fields.map(([, field]) => field), event.target, insert);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return { node, first: fields[0][1] };
}

/** Enter goes on to the next field that is empty, and inserts the text after the last one. */
function next(fields, present, insert) {
  const empty = fields.slice(fields.indexOf(present) + 1).find((field) => !field.value.trim());
  if (empty) empty.focus();
  else insert();
}
