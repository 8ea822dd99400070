// The list of prompts that a slash opens: it narrows down while one types; arrows, Enter and Escape, or the pointer. A prompt
// goes into the message field, after its own fields were asked for. Nothing is sent from here.

import { get } from "./http.js";
import { element, icon } from "./icons.js";
import { matching } from "./matching.js";
import { promptFields } from "./prompt_fields.js";
import { variablesOf } from "./prompt_text.js";
import { n, t } from "./words.js";

const TYPED = /^\/([^\n]*)$/;

export class PromptList {
  /** manage(): opens the place where prompts are kept */
  constructor({ form, announcer, manage }) {
    Object.assign(this, { form, announcer });
    this.field = document.getElementById("composer-text");
    this.acts = [
      { name: t("Help"), hint: t("Everything that Echo can do"), sign: "help", run: () => location.assign("/help") },
      { name: t("Your prompts"), hint: t("Write, change, import them"), sign: "gear", run: manage },
    ];
    this.prompts = [];
    this.coming = null; // the prompts as they are now: asked for once, until the slash is gone or the field is left
    this.node = element("div", { class: "prompt-list", id: "prompt-list", role: "listbox", "aria-label": t("Prompts"), hidden: true });
    form.prepend(this.node);
    form.addEventListener("focusout", ({ relatedTarget }) => { if (!form.contains(relatedTarget)) this.#leave(); });
    this.node.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays where it is
    this.field.setAttribute("aria-autocomplete", "list");
    this.field.setAttribute("aria-controls", this.node.id);
  }

  /** The message field has another text. */
  typed() {
    if (this.field.value) this.fields?.remove();
    if (this.#query() === null) {
      this.away = false;
      return this.#leave();
    }
    if (this.away) return;
    this.coming ??= this.#load();
    this.#show();
  }

  /** What is typed after the slash; null where the text is another. */
  #query() {
    return TYPED.exec(this.field.value)?.[1] ?? null;
  }

  async #load() {
    try {
      this.prompts = (await get("/prompts")).prompts;
      if (document.activeElement === this.field) this.#show();
    } catch {
      this.coming = null; // those that were there before; with the next letter again
    }
  }

  #show() {
    const query = this.#query();
    if (query === null || this.away) return;
    const found = [this.prompts, this.acts].flatMap((entries) => matching(query, entries, ({ name }) => name));
    if (!found.length) return this.#close();
    if (found.map(({ name, id }) => id ?? name).join() !== this.shown) {
      this.shown = found.map(({ name, id }) => id ?? name).join();
      this.node.replaceChildren(...found.map((entry, index) => this.#option(entry, index)));
      this.announcer.say(n(found.length, "{count} prompt", "{count} prompts"));
      this.node.hidden = false;
      this.#mark(0);
    }
    this.found = found;
  }

  #option(entry, index) {
    const hint = entry.hint ?? entry.text.split("\n", 1)[0];
    return element("div", { class: "prompt-option", role: "option", id: `prompt-option-${index}`, onclick: () => this.#choose(entry), onpointermove: () => this.#mark(index) },
      icon(entry.sign ?? "note"), element("span", { class: "name", dir: "auto" }, entry.name), element("small", { dir: "auto" }, hint), entry.shared && element("span", { class: "tag" }, t("shared")));
  }

  #mark(index) {
    this.at = index;
    for (const [number, option] of [...this.node.children].entries()) option.setAttribute("aria-selected", String(number === index));
    const chosen = this.node.children[index];
    chosen.scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", chosen.id);
  }

  #leave() {
    this.coming = null;
    this.#close();
  }

  #close() {
    this.node.hidden = true;
    this.shown = null;
    this.field.removeAttribute("aria-activedescendant");
  }

  /** A key in the message field; tells whether it was meant for the list. */
  key(event) {
    if (this.node.hidden || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    const count = this.node.children.length;
    const moves = { ArrowDown: this.at + 1, ArrowUp: this.at - 1 + count };
    if (event.key in moves) this.#mark(moves[event.key] % count);
    else if (event.key === "Enter") this.#choose(this.found[this.at]);
    else if (event.key === "Escape") { this.away = true; this.#close(); }
    else return false;
    event.preventDefault();
    return true;
  }

  #choose(entry) {
    this.#close();
    if (entry.run) {
      this.#put("");
      entry.run();
    } else if (variablesOf(entry.text).length) this.#ask(entry);
    else this.#put(entry.text);
  }

  #ask(prompt) {
    this.#put("");
    const close = (text) => { this.fields.remove(); this.#put(text); };
    const { node, first } = promptFields(prompt, { done: close, cancel: () => close("") });
    this.fields = node;
    this.form.prepend(node);
    first.focus();
  }

  /** As if it had been typed: the draft is kept, the field grows. */
  #put(text) {
    this.field.value = text;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.field.focus({ preventScroll: true });
    this.field.setSelectionRange(text.length, text.length);
  }
}
