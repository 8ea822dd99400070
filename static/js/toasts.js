// Short words that need no answer, with at most one act (undo, open). It knows nobody who says them.

import { element, icon, iconButton } from "./icons.js";
import { t } from "./words.js";

const SIGNS = { success: "check", error: "alert", info: "info" };
let openCount = 0;

/** Returns a function that takes the toast away. */
export function toast(text, { kind = "info", action = null, seconds = action ? 8 : 5, onGone = null } = {}) {
  const region = host();
  const node = element("div", { class: `toast ${kind}` }, icon(SIGNS[kind] ?? "info"), element("span", { class: "text" }, text));
  let gone = false;
  let from = null; // whoever comes by keyboard goes back there
  node.addEventListener("focusin", ({ relatedTarget }) => { if (!node.contains(relatedTarget)) from = relatedTarget; });
  const remove = (acted = false) => {
    if (gone) return;
    gone = true;
    openCount -= 1;
    if (from && node.contains(document.activeElement)) from.focus();
    node.classList.add("leaving");
    setTimeout(() => node.remove(), 180);
    if (!acted) onGone?.();
  };
  if (action) node.append(element("button", { type: "button", class: "button", onclick: () => { remove(true); action.run(); } }, action.label));
  node.append(iconButton("close", t("Dismiss"), () => remove(), { "data-tip": null }));
  region.append(node);
  openCount += 1;
  leaveAfter(node, seconds, remove);
  return remove;
}

/** A refusal, in the words that it brings. */
export const toastError = ({ message }) => toast(message, { kind: "error" });

/** Waits while the pointer or the focus is on it, and for a page that is not seen. */
function leaveAfter(node, seconds, remove) {
  let timer = 0;
  const start = () => { timer = setTimeout(remove, seconds * 1000); };
  if (document.visibilityState === "hidden") document.addEventListener("visibilitychange", start, { once: true });
  else start();
  const hold = () => clearTimeout(timer);
  const go = () => { hold(); start(); };
  node.addEventListener("pointerenter", hold);
  node.addEventListener("focusin", hold);
  node.addEventListener("pointerleave", go);
  node.addEventListener("focusout", go);
}

/** A module that is fetched when it is first wanted; without a connection that is told, and there is nothing in it. */
export async function orOffline(coming) {
  return coming.catch(() => {
    toast(t("No connection. Try again when you are online."), { kind: "error" });
    return {};
  });
}

/** Above an open dialog too: the region is a popover where the browser has them. */
function host() {
  const region = document.getElementById("toasts");
  const dialog = document.querySelector("dialog[open]");
  const home = dialog ?? document.body;
  if (region.parentElement !== home) home.append(region);
  dialog?.addEventListener("close", () => document.body.append(region), { once: true });
  return region;
}

/** What the server wrote into the page leaves by itself; what a script has said by now does already. */
export function adoptFlashes() {
  for (const node of document.querySelectorAll("#toasts .toast:not(:has(button))")) {
    const remove = () => { node.classList.add("leaving"); setTimeout(() => node.remove(), 180); };
    node.append(iconButton("close", t("Dismiss"), remove, { "data-tip": null }));
    leaveAfter(node, 7, remove);
  }
}
