// The list of keys in the settings: a click on a combination waits for another one. It knows which keys do what by the bindings alone.

import { element, iconButton } from "./icons.js";
import { combinationOf } from "./key_bindings.js";
import { bindings, showKeys, signsOf } from "./shortcuts.js";
import { t } from "./words.js";

const at = (id) => document.getElementById(id);

export class KeyEditor {
  constructor() {
    const all = at("keys-default"); // puts everything back
    Object.assign(this, { root: at("keys"), said: at("keys-said"), all });
    all.addEventListener("click", () => { bindings.resetAll(); this.#draw(); });
    this.#draw();
  }

  #draw(focused = null) {
    this.root.replaceChildren(...bindings.table.map((row) => this.#line(row)));
    this.all.hidden = !bindings.table.some(({ act }) => bindings.isChanged(act));
    if (focused) this.root.querySelector(`[data-act="${focused}"] .key-button`).focus();
    showKeys();
  }

  #line({ act, label }) {
    const button = element("button", { type: "button", class: "key-button", onclick: () => this.#listen(button, { act, label }) }, ...this.#caps({ act, label }));
    const back = bindings.isChanged(act) && iconButton("again", t("{label}: back to the default", { label }), () => { bindings.reset(act); this.#draw(act); }, { "data-tip": t("Back to the default"), "data-tip-side": "end" });
    return element("div", { "data-act": act }, element("dt", {}, label), element("dd", {}, back, button));
  }

  /** Until a combination comes that can be taken; Escape alone and leaving the button change nothing. */
  #listen(button, { act, label }) {
    if (button.classList.contains("listening")) return;
    button.classList.add("listening");
    button.textContent = t("Press keys…");
    this.said.textContent = "";
    const rest = () => {
      button.removeEventListener("keydown", hear);
      button.removeEventListener("blur", rest);
      button.classList.remove("listening");
      button.replaceChildren(...this.#caps({ act, label }));
      this.said.textContent = "";
    };
    const hear = (event) => {
      if (event.key === "Tab") return;
      event.preventDefault();
      event.stopPropagation();
      const keys = combinationOf(event);
      if (keys === null) return;
      if (keys === "Escape") return rest();
      const why = bindings.choose(act, keys);
      if (why) { this.said.textContent = why; return; }
      rest();
      this.#draw(act);
    };
    button.addEventListener("keydown", hear);
    button.addEventListener("blur", rest);
  }

  /** What the button says: the keys, and to those who hear it what they are for. */
  #caps({ act, label }) {
    const heard = (text) => element("span", { class: "visually-hidden" }, text);
    return [heard(`${label}: `), ...signsOf(bindings.keysOf(act)).flatMap((sign) => [element("kbd", {}, sign), " "]), heard(t("Choose other keys"))];
  }
}
