// Which keys do what: the table's own, or what a person has chosen instead, kept in the browser. Pure; it listens to nothing.

import { t } from "./words.js";

const STORED = "echo.keys";
const MODIFIERS = ["Control", "Meta", "Shift", "Alt", "AltGraph", "CapsLock", "Fn", "Dead", "Process", "Unidentified"];
const LONE = /^(F\d{1,2}|Escape)$/; // may stand without Ctrl or Alt: nothing is typed with them
const UNSHIFTED = { ":": ";", "?": "/" }; // what Shift makes of a sign on many keyboards
const TYPING = ["Enter", "Tab", "Space", "ArrowLeft", "ArrowRight", "Home", "End", "Delete"];
const BROWSERS = ["A", "C", "V", "X", "Z", "Y", "R", "W", "T", "N", "L", "F", "P", "Q", "+", "-", "0"].map((key) => `Ctrl+${key}`).concat("Ctrl+Shift+T", "Ctrl+Shift+N", "Ctrl+Shift+W", "Ctrl+Shift+Q", "Ctrl+Shift+R", "Ctrl+Shift+V", "Ctrl+Shift+Z", "F5", "F11", "F12", "Alt+F4", "Ctrl+Backspace");

/** "Ctrl+Shift+K" for a pressed combination; null while only modifiers are held. Cmd counts as Ctrl. */
export function combinationOf(event) {
  if (MODIFIERS.includes(event.key) || event.getModifierState?.("AltGraph")) return null;
  const held = [(event.ctrlKey || event.metaKey) && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift"].filter(Boolean);
  return [...held, keyOf(event)].join("+");
}

function keyOf({ key, code = "", altKey }) {
  if (altKey && /^(Key|Digit)/.test(code)) return code.replace(/^(Key|Digit)/, ""); // Option makes other letters on a Mac
  if (key in UNSHIFTED) return UNSHIFTED[key];
  if (key === " ") return "Space";
  return key.length === 1 ? key.toUpperCase() : key;
}

export class Bindings {
  /** table: [{act, keys, label}] */
  constructor(table, storage = safeStorage()) {
    Object.assign(this, { table, storage });
    this.chosen = this.#read();
  }

  keysOf(act) {
    return this.chosen[act] ?? this.table.find((row) => row.act === act).keys;
  }

  isChanged(act) {
    return act in this.chosen;
  }

  /** The act that a pressed combination stands for, if any. */
  find(event) {
    const pressed = combinationOf(event);
    const holder = (keys) => this.table.find(({ act }) => this.keysOf(act) === keys)?.act;
    const isSign = /^[^\p{L}\p{N}\s]$/u.test(event.key); // some keyboards need Shift for it
    return (holder(pressed) ?? (isSign && holder(pressed.replace("Shift+", "")))) || null;
  }

  /** Returns why not, or null when it is chosen. */
  choose(act, keys) {
    const why = this.#refusal(act, keys);
    if (why) return why;
    this.chosen[act] = keys;
    if (this.table.find((row) => row.act === act).keys === keys) delete this.chosen[act];
    this.#write();
    return null;
  }

  /** Back to the table's own; what another act has taken meanwhile goes back with it. */
  reset(act) {
    delete this.chosen[act];
    const taken = this.table.find((row) => row.act !== act && this.keysOf(row.act) === this.keysOf(act));
    if (taken) return this.reset(taken.act);
    this.#write();
  }

  resetAll() {
    this.chosen = {};
    this.#write();
  }

  #refusal(act, keys) {
    const parts = keys.split("+").filter(Boolean);
    const key = keys.endsWith("+") ? "+" : parts.at(-1);
    if (BROWSERS.includes(keys)) return t("{keys} belongs to the browser.", { keys });
    if (TYPING.includes(key)) return t("{key} is needed for writing.", { key });
    if (!LONE.test(key) && !parts.includes("Ctrl") && !parts.includes("Alt")) return t("Hold Ctrl or Alt with it: alone it is typed.");
    const other = this.table.find((row) => row.act !== act && this.keysOf(row.act) === keys);
    return other ? t("{keys} is taken: {act}.", { keys, act: other.label }) : null;
  }

  #read() {
    try {
      const stored = JSON.parse(this.storage.getItem(STORED)) ?? {};
      return Object.fromEntries(this.table.map(({ act }) => [act, stored[act]]).filter(([, keys]) => typeof keys === "string" && keys));
    } catch {
      return {}; // forbidden or broken: the table's own
    }
  }

  #write() {
    try {
      if (Object.keys(this.chosen).length) this.storage.setItem(STORED, JSON.stringify(this.chosen));
      else this.storage.removeItem(STORED);
    } catch {
      // for this page only, then
    }
  }
}

function safeStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
