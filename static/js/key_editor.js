// The list of keys in the settings: a click on a combination waits for another one. It knows which keys do what by the bindings alone.

import { element, iconButton } from "./icons.js";
import { combinationOf } from "./key_bindings.js";
import { t } from "./words.js";

const SHOWN = { Escape: "Esc", Backspace: "⌫", ArrowUp: "↑", ArrowDown: "↓" };
const mac = /Mac|iP/.test(globalThis.navigator?.platform ?? "");
const signsOf = (keys) => keys.replace(/\+\+$/, "+Plus").split("+").map((key) => (key === "Ctrl" && mac ? "⌘" : SHOWN[key] ?? key));

export class KeyEditor {
  /** root: the list; said: where refusals are told; all: the button that puts everything back */
  constructor({ root, said, all, bindings }) {
    Object.assign(this, { root, said, all, bindings });
    all.addEventListener("click", () => { bindings.resetAll(); this.#draw(); });
    this.#draw();
  }

  #draw(focused = null) {
    this.root.replaceChildren(...this.bindings.table.map((row) => this.#line(row)));
    this.all.hidden = !this.bindings.table.some(({ act }) => this.bindings.isChanged(act));
    if (focused) this.root.querySelector(`[data-act="${focused}"] .key-button`).focus();
    for (const hint of document.querySelectorAll("[data-keys-of]")) hint.textContent = signsOf(this.bindings.keysOf(hint.dataset.keysOf)).join(" ");
  }

  #line({ act, label }) {
    const button = element("button", { type: "button", class: "key-button", onclick: () => this.#listen(button, { act, label }) }, ...this.#caps({ act, label }));
    const back = this.bindings.isChanged(act) && iconButton("again", t("{label}: back to the default", { label }), () => { this.bindings.reset(act); this.#draw(act); }, { "data-tip": t("Back to the default"), "data-tip-side": "end" });
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
      const why = this.bindings.choose(act, keys);
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
    return [heard(`${label}: `), ...signsOf(this.bindings.keysOf(act)).flatMap((sign) => [element("kbd", {}, sign), " "]), heard(t("Choose other keys"))];
  }
}
