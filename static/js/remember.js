// Offers to remember what a message says of its writer: by a plain rule, under the message, with two buttons. Nothing is
// stored without the click.

import { element } from "./icons.js";
import { post } from "./http.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

const RULES = [
  [/\b(?:please\s+)?remember\s+(?:that|this:?)\s+(.+)/isu, (rest) => rest],
  [/\b(my name is\s+[^.!?\n,;]+)/iu, (rest) => rest],
  [/\b(?:please\s+)?call me\s+([^.!?\n,;]+)/iu, (rest) => `Call me ${rest}`],
];

/** The fact that a message asks to remember, as one line; null where it asks for nothing or for more than `most` characters. */
export function factIn(text, most) {
  if (/\bdo you remember\b|\bdon.t remember\b/iu.test(text)) return null;
  for (const [rule, said] of RULES) {
    const found = rule.exec(text)?.[1]?.split("\n", 1)[0].replace(/\s+/gu, " ").trim();
    if (!found) continue;
    const fact = said(found);
    return fact.length <= most ? fact[0].toUpperCase() + fact.slice(1) : null;
  }
  return null;
}

export class Remembering {
  /** switches: where it is switched on and off, on this page too */
  constructor({ isOn, limits, switches, list, scroll, announcer }) {
    Object.assign(this, { isOn, limits, list, scroll, announcer });
    switches.addEventListener("change", ({ target }) => { if (target.form?.action.endsWith("/memory")) this.isOn = target.value === "1"; });
  }

  /** A message is being sent: once it is there, what it says of its writer is offered below it. */
  async offering(text, sending) {
    await sending;
    const fact = this.isOn ? factIn(text, this.limits.memory_chars) : null;
    const view = fact && [...this.list.views.values()].findLast(({ row }) => row.role === "user" && row.text === text);
    if (view) this.scroll.ours(() => view.node.append(this.#offer(fact)));
  }

  #offer(fact) {
    const answered = async (wanted) => {
      if (!wanted || await save(fact)) offer.remove();
    };
    const offer = element("div", { class: "remember", role: "group", "aria-label": t("Remember this?") },
      element("span", { dir: "auto" }, t("Remember this? “{fact}”", { fact })),
      element("button", { type: "button", class: "button small", onclick: () => answered(true) }, t("Save")),
      element("button", { type: "button", class: "button small quiet", onclick: () => answered(false) }, t("Not now")));
    this.announcer.say(t("Remember this? Save, or not now"));
    return offer;
  }
}

async function save(text) {
  try {
    await post("/settings/personal/memories", new URLSearchParams({ text }));
    toast(t("Remembered. It is in the settings under “All chats”."), { kind: "success" });
    return true;
  } catch (error) {
    toastError(error);
    return false;
  }
}
