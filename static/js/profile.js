// One's own account: a picture is seen before it is sent, removed with a way back; the archive's making shows. It knows no other form.

import { csrfToken, post } from "./http.js";
import { localTimes } from "./format.js";
import { wireDrop, wirePicture } from "./picture_field.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

const TICKET_COOKIE = "echo_export";
const LOOK_MS = 300;
const PACKING_MS = 15 * 60 * 1000;
const at = (id) => document.getElementById(id);

for (const form of document.querySelectorAll("form[data-refresh]")) form.addEventListener("ajax:done", () => settle(form));
if (at("picture-field")) {
  wireOwn();
  wireDrop(at("picture-field"));
  at("remove-picture").addEventListener("submit", removePicture);
}
at("export")?.addEventListener("click", showPacking);

/** After a form was saved: its passwords and files go, and what it named is drawn as the server has it now. */
async function settle(form) {
  for (const input of form.querySelectorAll('input[type="password"], input[type="file"]')) input.value = "";
  const fresh = await refresh(form.dataset.refresh);
  for (const input of form.querySelectorAll('input[type="text"], input[type="email"]')) {
    input.defaultValue = fresh?.getElementById(input.id)?.defaultValue ?? input.defaultValue;
    input.value = input.defaultValue;
  }
}

/** Draws these parts as the server has them now; returns its page. */
async function refresh(selector) {
  const response = await fetch(location.pathname, { credentials: "same-origin" });
  if (!response.ok || response.redirected) return null;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of selector.split(",")) document.querySelector(part)?.replaceWith(fresh.querySelector(part));
  localTimes(document);
  if (at("picture-field")) wireOwn();
  return fresh;
}

// ---- the picture ----------------------------------------------------------------------------------------------

/** The field and its buttons; drawn anew after each save. */
function wireOwn() {
  wirePicture(at("picture-field"), { restore: () => refresh(".picture-field .avatar, .picture-acts") });
}

async function removePicture(event) {
  event.preventDefault();
  try {
    const former = await fetch(document.querySelector(".account .avatar img").src).then((answer) => answer.blob());
    const answer = await post(event.target.action, new FormData(event.target));
    await refresh(".account, .picture-field .avatar, .picture-acts");
    toast(answer.message, { action: { label: t("Undo"), run: () => putBack(former) } });
  } catch (error) {
    toastError(error);
  }
}

async function putBack(picture) {
  const form = at("profile-form");
  const body = new FormData();
  for (const name of ["username", "email"]) body.set(name, form.elements[name].defaultValue);
  body.set("csrf_token", csrfToken());
  body.set("picture", picture, "picture.webp");
  try {
    await post(form.action, body);
    await refresh(".account, .picture-field .avatar, .picture-acts");
  } catch (error) {
    toastError(error);
  }
}

// ---- the archive ----------------------------------------------------------------------------------------------

/** The download begins when everything is packed; the answer's cookie tells that it has. */
function showPacking(event) {
  const link = event.currentTarget;
  const ticket = crypto.getRandomValues(new Uint32Array(2)).join("x");
  const address = new URL(link.href);
  address.searchParams.set("ticket", ticket);
  link.href = address;
  const words = link.querySelector("span");
  const usual = words.textContent;
  link.setAttribute("aria-busy", "true");
  words.textContent = link.dataset.busy;
  at("export-note").textContent = t("Packing everything. Large accounts take a while; you can go on using Echo.");
  const until = Date.now() + PACKING_MS;
  const look = setInterval(() => {
    const made = document.cookie.includes(`${TICKET_COOKIE}=${ticket}`);
    if (!made && Date.now() < until) return;
    clearInterval(look);
    link.setAttribute("aria-busy", "false");
    words.textContent = usual;
    at("export-note").textContent = made ? t("Packed: the download has begun.") : "";
  }, LOOK_MS);
}
