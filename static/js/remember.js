// Offers to remember what a message says of its writer: by a plain rule, under the message, with two buttons. Nothing is
// stored without the click.

import { element } from "./icons.js";
import { post } from "./http.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

export class Remembering {
  /** switches: where it is switched on and off, on this page too */
  constructor({ isOn, limits, switches, list, scroll, announcer }) {
    Object.assign(this, { isOn, limits, list, scroll, announcer });
    switches.addEventListener("change", ({ target }) => { if (target.form?.action.endsWith("/memory")) this.isOn = target.value === "1"; });
  }

  /** A message is being sent: once it is there, what it says of its writer is offered below it. */
  async offering(text, sending) {
    await sending;
    const { factIn } = this.isOn ? await import("./memory_rules.js").catch(() => ({})) : {}; // offline nothing is offered
    const fact = factIn?.(text, this.limits.memory_chars);
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
