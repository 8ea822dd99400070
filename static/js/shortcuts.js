// The keys of the chat page, in one table that the Keyboard tab shows too. None of them is taken while a dialog is open.

import { element } from "./icons.js";

const TABLE = [
  { act: "newChat", keys: "Ctrl+Shift+O", label: "New chat" },
  { act: "search", keys: "Ctrl+K", label: "Search chats" },
  { act: "sidebar", keys: "Ctrl+Shift+S", label: "Open or close the sidebar" },
  { act: "focus", keys: "Shift+Escape", label: "Go to the message field" },
  { act: "stop", keys: "Escape", label: "Stop the answer" },
  { act: "copyAnswer", keys: "Ctrl+Shift+C", label: "Copy the last answer" },
  { act: "copyCode", keys: "Ctrl+Shift+;", label: "Copy the last code block" },
  { act: "regenerate", keys: "Ctrl+Shift+E", label: "Regenerate the last answer" },
  { act: "editLast", keys: "Ctrl+Shift+I", label: "Edit the last message" },
  { act: "remove", keys: "Ctrl+Shift+Backspace", label: "Delete this chat" },
  { act: "top", keys: "Ctrl+Shift+ArrowUp", label: "To the first message" },
  { act: "bottom", keys: "Ctrl+Shift+ArrowDown", label: "To the newest message" },
  { act: "keyboard", keys: "Ctrl+/", label: "Show these keys" },
  { act: "settings", keys: "Ctrl+,", label: "Settings" },
];

const SHOWN = { Escape: "Esc", Backspace: "⌫", ArrowUp: "↑", ArrowDown: "↓" };
const mac = /Mac|iP/.test(globalThis.navigator?.platform ?? "");

export function shortcuts({ keys, ...acts }) {
  if (keys) keys.replaceChildren(...TABLE.map(line));
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const found = TABLE.find(({ keys: combination }) => matches(event, combination));
    if (found && acts[found.act]() !== false) event.preventDefault();
  });
}

export function matches(event, combination) {
  const parts = combination.split("+");
  const key = parts.at(-1);
  const ctrl = event.ctrlKey || event.metaKey;
  if (ctrl !== parts.includes("Ctrl") || event.shiftKey !== parts.includes("Shift") || event.altKey) return false;
  if (key === ";") return event.key === ";" || event.key === ":" || event.code === "Semicolon";
  if (key === "/") return event.key === "/" || event.key === "?" || event.code === "Slash";
  return event.key.toLowerCase() === key.toLowerCase();
}

function line({ keys, label }) {
  const signs = keys.split("+").map((key) => element("kbd", {}, key === "Ctrl" && mac ? "⌘" : SHOWN[key] ?? key));
  return element("div", {}, element("dt", {}, label), element("dd", {}, ...signs));
}
