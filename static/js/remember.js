// Looks whether a message says something of its writer, by a plain rule, and has it offered below the message.

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
    const { memoryOffer } = fact ? await import("./memory_offer.js").catch(() => ({})) : {};
    const view = memoryOffer && [...this.list.views.values()].findLast(({ row }) => row.role === "user" && row.text === text);
    if (!view) return;
    this.scroll.ours(() => view.node.append(memoryOffer(fact)));
    this.announcer.say(t("Remember this? Save, or not now"));
  }
}
