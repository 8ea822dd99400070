// The settings' pages about the account and signing in: fetched when they are opened, so that they show what holds now.

import { localTimes } from "./format.js";
import { post } from "./http.js";
import { leave, signingOut } from "./session_end.js";
import { toast } from "./toasts.js";

export async function fillPanel(panel) {
  panel.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(panel.dataset.src, { headers: { "X-Requested-With": "XMLHttpRequest" } });
    if (answer.status === 401) return leave();
    if (!answer.ok) throw new Error(answer.status);
    panel.innerHTML = await answer.text(); // our own server's, escaped there
    localTimes(panel);
  } catch {
    panel.textContent = "This cannot be shown just now. Try again when you are online.";
  }
  panel.removeAttribute("aria-busy");
}

/** Signing another device out stays here; signing out leaves, as its form says. */
export function wirePanels(dialog) {
  for (const panel of dialog.querySelectorAll("[data-src]")) panel.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-stay]")) return signingOut();
    event.preventDefault();
    send(event.target, panel);
  });
}

async function send(form, panel) {
  try {
    await post(form.action, new FormData(form));
    toast("Signed out there.", { kind: "success" });
  } catch (error) {
    toast(error.message, { kind: "error" });
  }
  await fillPanel(panel);
  panel.focus();
}
