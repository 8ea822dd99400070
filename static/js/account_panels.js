// The settings' pages that the server draws: fetched when they are opened, so that they show what holds now.

import { sendingOnce } from "./ajax_form.js";
import { localTimes } from "./format.js";
import { post } from "./http.js";
import { leave, signingOut } from "./session_end.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

/** sent: the form whose fields are the server's now; what is half written in others stays. */
export async function fillPanel(panel, sent = null) {
  panel.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(panel.dataset.src, { headers: { "X-Requested-With": "XMLHttpRequest" } });
    if (answer.status === 401) return leave();
    if (!answer.ok) throw new Error(answer.status);
    const fresh = await answer.text();
    const written = unsaved(panel, sent);
    panel.innerHTML = fresh; // our own server's, escaped there
    getSelection()?.removeAllRanges(); // a caret that stood in what is gone would be missing in the message field
    localTimes(panel);
    const files = written.flatMap((form) => putBack(panel, form));
    if (panel.querySelector(".picture-field")) await import("./persona_picture.js").then(({ wirePersonaPictures }) => wirePersonaPictures(panel), () => {}); // without it the fields are plain ones
    for (const file of files) file.dispatchEvent(new Event("change")); // it shows
  } catch {
    if (!unsaved(panel, sent).length) panel.textContent = t("This cannot be shown just now. Try again when you are online.");
  }
  panel.removeAttribute("aria-busy");
}

const fieldsOf = (form) => [...form.elements].filter(({ name, type }) => name && type !== "hidden");
const first = ({ options }) => [...options].find(({ defaultSelected }) => defaultSelected) ?? options[0];
const isChanged = (field) => (field.options ? field.selectedOptions[0] !== first(field)
  : field.files ? field.files.length > 0 : field.checked !== field.defaultChecked || field.value !== field.defaultValue);

const unsaved = (panel, sent) => [...panel.querySelectorAll("form[data-stay]")].filter((form) => form !== sent && fieldsOf(form).some(isChanged));

/** Into the form that is drawn anew, which opens; returns its fields with files. Nothing where it is gone. */
function putBack(panel, old) {
  const form = [...panel.querySelectorAll("form")].find(({ action }) => action === old.action);
  if (!form) return [];
  const fresh = fieldsOf(form);
  fieldsOf(old).forEach((field, at) => {
    if (!isChanged(field)) return;
    Object.assign(fresh[at], field.files ? { files: field.files } : { value: field.value, checked: field.checked });
    for (let node = fresh[at]; (node = node.parentElement.closest("details")); ) node.open = true;
  });
  return fresh.filter(({ files }) => files?.length);
}

/** Signing another device out stays here; signing out leaves, as its form says; what is saved is saved with each change. */
export function wirePanels(dialog) {
  for (const panel of dialog.querySelectorAll("[data-src]")) {
    panel.addEventListener("submit", (event) => {
      if (!event.target.matches("[data-stay], [data-save]")) return signingOut();
      event.preventDefault();
      if (event.target.matches("[data-save]")) save(event.target);
      else sendingOnce(event.target, event.submitter, () => send(event.target, panel));
    });
    panel.addEventListener("change", ({ target }) => {
      if (target.dataset.import) importFrom(target, panel);
      else if (target.form?.matches("[data-save]")) save(target.form);
    });
    panel.addEventListener("reset", ({ target }) => target.closest("details")?.removeAttribute("open"));
    panel.addEventListener("click", ({ target }) => target.closest("[data-pick]")?.nextElementSibling.click());
  }
}

/** What is refused stays in its form, where that has a place for the reason; else the panel shows what holds now. */
async function send(form, panel) {
  const body = new FormData(form);
  try {
    const { message } = await post(form.action, body);
    const again = () => post(form.dataset.undo, body).catch(toastError).then(() => show(panel));
    toast(message ?? t("Signed out there."), { kind: "success", action: form.dataset.undo ? { label: t("Undo"), run: again } : null });
  } catch (error) {
    const said = form.querySelector("[role=alert]");
    if (said) return void (said.textContent = error.message);
    toastError(error);
  }
  await show(panel, form);
}

async function show(panel, sent) {
  panel.dispatchEvent(new Event("saved"));
  await fillPanel(panel, sent);
  panel.focus();
}

/** The chosen file, as it was exported here or elsewhere. */
async function importFrom(picker, panel) {
  const [file] = picker.files;
  if (!file) return;
  picker.value = "";
  try {
    const prompts = JSON.parse(await file.text());
    toast((await post(picker.dataset.import, { prompts })).message, { kind: "success", seconds: 12 });
    await fillPanel(panel);
  } catch (error) {
    toast(error instanceof SyntaxError ? t("“{name}” is no file of JSON.", { name: file.name }) : error.message, { kind: "error" });
  }
}

/** One after the other: the last change wins. What is refused stays in its field, with the reason below. */
function save(form) {
  form.saving = (form.saving ?? Promise.resolve()).then(async () => {
    const [tick, said, error] = [".tick", "[data-said]", "[role=alert]"].map((part) => form.querySelector(part));
    try {
      const { message } = await post(form.action, new FormData(form));
      error.textContent = "";
      if (said) said.textContent = message;
      tick.classList.add("shown");
      setTimeout(() => tick.classList.remove("shown"), 1400);
    } catch (refusal) {
      error.textContent = refusal.message;
    }
  });
}
