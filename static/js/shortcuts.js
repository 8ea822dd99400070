// The keys of the chat page, in one table; a person may choose others. None of them is taken while a dialog is open.

import { Bindings } from "./key_bindings.js";
import { t } from "./words.js";

const TABLE = [
  { act: "newChat", keys: "Ctrl+Shift+O", label: t("New chat") },
  { act: "temporary", keys: "Ctrl+Shift+L", label: t("Temporary chat") },
  { act: "search", keys: "Ctrl+K", label: t("Search chats") },
  { act: "sidebar", keys: "Ctrl+Shift+S", label: t("Open or close the sidebar") },
  { act: "focus", keys: "Shift+Escape", label: t("Go to the message field") },
  { act: "stop", keys: "Escape", label: t("Stop the answer") },
  { act: "copyAnswer", keys: "Ctrl+Shift+C", label: t("Copy the last answer") },
  { act: "copyCode", keys: "Ctrl+Shift+;", label: t("Copy the last code block") },
  { act: "regenerate", keys: "Ctrl+Shift+E", label: t("Regenerate the last answer") },
  { act: "editLast", keys: "Ctrl+Shift+I", label: t("Edit the last message") },
  { act: "remove", keys: "Ctrl+Shift+Backspace", label: t("Delete this chat") },
  { act: "top", keys: "Ctrl+Shift+ArrowUp", label: t("To the first message") },
  { act: "bottom", keys: "Ctrl+Shift+ArrowDown", label: t("To the newest message") },
  { act: "keyboard", keys: "Ctrl+/", label: t("Show these keys") },
  { act: "settings", keys: "Ctrl+,", label: t("Settings") },
];

export const bindings = new Bindings(TABLE);

const SHOWN = { Escape: "Esc", Backspace: "⌫", ArrowUp: "↑", ArrowDown: "↓" };
const mac = /Mac|iP/.test(globalThis.navigator?.platform ?? "");

/** "Ctrl+Shift+K" as its keys are called on this machine. */
export const signsOf = (keys) => keys.replace(/\+\+$/, "+Plus").split("+").map((key) => (key === "Ctrl" && mac ? "⌘" : SHOWN[key] ?? key));

/** Beside the buttons that do the same. */
export function showKeys() {
  for (const hint of document.querySelectorAll("[data-keys-of]")) hint.textContent = signsOf(bindings.keysOf(hint.dataset.keysOf)).join(" ");
}

export function shortcuts(acts) {
  showKeys();
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const act = bindings.find(event);
    if (act && acts[act]() !== false) event.preventDefault();
  });
}
