// Forms with data-ajax are sent without leaving the page: errors go under their field, a redirect is followed, words become a toast.
// Without this file the same forms work as pages.

import { toast } from "./toasts.js";
import { post } from "./http.js";
import { t } from "./words.js";

const CONFIRM = "/confirm"; // asks for a fresh proof of who one is, then leads back here
const TIME = "opened_at"; // the hidden field of forms that programs fill in too fast
const NOT_KEPT = ["password", "file", "hidden", "submit"];

export function enhanceForms(root = document) {
  for (const form of root.querySelectorAll("form[data-ajax]")) {
    form.addEventListener("submit", (event) => { event.preventDefault(); sendingOnce(form, event.submitter, () => submit(form, event.submitter)); });
    restore(form);
  }
  for (const button of root.querySelectorAll("[data-reveal]")) reveal(button);
  for (const meter of root.querySelectorAll("[data-meter]")) strength(meter);
}

/** One sending at a time: what is pressed meanwhile does nothing, so that nothing is made twice. */
export async function sendingOnce(form, button, send) {
  if (form.dataset.sending) return;
  form.dataset.sending = "1";
  button?.setAttribute("aria-busy", "true");
  try {
    await send();
  } finally {
    delete form.dataset.sending;
    button?.setAttribute("aria-busy", "false");
  }
}

async function submit(form, button) {
  clearErrors(form);
  try {
    const answer = await post(form.action, new FormData(form));
    if (answer.status === "redirect") {
      if (new URL(answer.url, location.href).pathname === CONFIRM) keep(form);
      return location.assign(answer.url);
    }
    if (answer.message) toast(answer.message, { kind: "success" });
    if ("reset" in form.dataset) form.reset();
    form.dispatchEvent(new CustomEvent("ajax:done", { bubbles: true, detail: answer }));
  } catch (error) {
    if (error.field === TIME && error.retryAfter) return sendLater(form, button, error.retryAfter);
    showError(form, error);
    if (error.status === 429) wait(button, error.retryAfter ?? 1);
  }
}

/** A password manager was faster than people are: what it filled in stays, and is sent again by itself. */
function sendLater(form, button, seconds) {
  const text = button?.textContent;
  if (button) Object.assign(button, { disabled: true, textContent: t("One moment …") });
  setTimeout(() => {
    if (button) Object.assign(button, { disabled: false, textContent: text });
    if (form.isConnected) form.requestSubmit(button);
  }, seconds * 1000);
}

const keptName = (form) => `echo.form ${location.pathname} ${new URL(form.action, location.href).pathname}`;
const keepable = (form) => [...form.elements].filter((input) => input.name && !NOT_KEPT.includes(input.type));

/** What was typed waits in this tab while the person confirms who they are; passwords never do. */
function keep(form) {
  const values = keepable(form).map((input) => ["radio", "checkbox"].includes(input.type) ? input.checked : input.value);
  try { sessionStorage.setItem(keptName(form), JSON.stringify(values)); } catch { /* storage may be forbidden: typed again then */ }
}

function restore(form) {
  let values = null;
  try {
    values = JSON.parse(sessionStorage.getItem(keptName(form)));
    sessionStorage.removeItem(keptName(form));
  } catch { /* as above */ }
  if (!values) return;
  keepable(form).forEach((input, at) => {
    if (["radio", "checkbox"].includes(input.type)) input.checked = values[at];
    else input.value = values[at] ?? "";
  });
  form.closest("details")?.setAttribute("open", "");
  form.scrollIntoView({ block: "center" });
  toast(t("What you had typed is still here. Send it again to finish."));
}

function clearErrors(form) {
  for (const node of form.querySelectorAll("[data-error-for], [data-form-error]")) node.textContent = "";
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

function showError(form, { field, message }) {
  const place = field && form.querySelector(`[data-error-for="${CSS.escape(field)}"]`);
  if (!place) {
    const general = form.querySelector("[data-form-error]");
    if (general) general.textContent = message;
    else toast(message, { kind: "error" });
    return;
  }
  place.textContent = message;
  const input = form.elements[field];
  if (!(input instanceof Element)) return;
  input.setAttribute("aria-invalid", "true");
  input.focus();
}

/** Too many tries: the button counts down. */
function wait(button, seconds) {
  if (!button) return;
  const text = button.textContent;
  const until = Date.now() + seconds * 1000;
  button.disabled = true;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? t("{text} ({count} s)", { text, count: left }) : text;
    if (left > 0) setTimeout(tick, 250);
  };
  tick();
}

function reveal(button) {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  });
}

/** A rough picture while typing; the server judges by zxcvbn. */
function strength(meter) {
  const input = document.getElementById(meter.dataset.meter);
  meter.hidden = false;
  input.addEventListener("input", () => { meter.dataset.score = String(score(input.value)); });
}

export function score(password) {
  if (!password) return 0;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^\w]/].filter((kind) => kind.test(password)).length;
  const varied = new Set(password).size;
  if (password.length < 8 || varied < 5 || /^(passw|qwert|1234|letmein|welcome|iloveyou|admin)/i.test(password)) return 1;
  if (password.length >= 16 || (password.length >= 12 && kinds >= 3)) return 4;
  return password.length >= 11 || kinds >= 3 ? 3 : 2;
}
