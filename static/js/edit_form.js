// The form in a message's place: Save changes its text there, Send again asks anew. It knows no message and no socket.

import { element } from "./icons.js";
import { t } from "./words.js";

/** save(text), sendAgain(text) for questions only, close(text that stays for the next time); original: what the model had said, if that is another text. */
export function editForm({ text, original = null, save, sendAgain = null, close }) {
  const field = element("textarea", { "aria-label": sendAgain ? t("Edit your message") : t("Edit this answer"), dir: "auto", rows: "1" });
  field.value = text;
  const done = (act) => {
    const written = field.value.trim();
    if (!written) return field.focus();
    close();
    act(written);
  };
  const fit = () => { field.style.height = "auto"; field.style.height = `${field.scrollHeight}px`; };
  const form = element("form", { class: "edit-form" }, field, element("div", { class: "edit-row" },
    original !== null && button(t("What Echo said"), { class: "quiet back", onclick: () => { field.value = original; fit(); field.focus(); } }),
    button(t("Cancel"), { class: "quiet", onclick: () => close() }),
    button(t("Save"), { class: sendAgain ? "" : "primary", "data-tip": t("Changes the text here; nothing is answered anew"), onclick: () => done(save) }),
    sendAgain && button(t("Send again"), { class: "primary", "data-tip": t("Asks anew; the old version stays"), "data-tip-side": "end", onclick: () => done(sendAgain) })));
  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", fit);
  field.addEventListener("keydown", (event) => {
    const ctrl = event.ctrlKey || event.metaKey;
    if (event.key === "Escape") { event.stopPropagation(); close(field.value); }
    else if (ctrl && event.key === "Enter") done(sendAgain ?? save);
    else if (ctrl && event.key.toLowerCase() === "s") done(save);
    else return;
    event.preventDefault();
  });
  const focus = () => {
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
    form.scrollIntoView({ block: "nearest" });
  };
  return { form, fit, focus };
}

const button = (label, { class: more, ...attributes }) => element("button", { type: "button", class: `button small ${more}`, ...attributes }, label);
