// A list that a sign at the beginning of the message field opens: it narrows down while one types; arrows, Enter and Escape, or
// the pointer. What is listed, and what comes of a choice, is said by those that extend it. Nothing is sent from here.

import { element, icon } from "./icons.js";
import { matching } from "./matching.js";

export class ChoiceList {
  /** name: of its nodes; label: what is listed; acts: entries that are always there, each with what it does: run() */
  constructor({ form, announcer, name, sign, label, acts }) {
    Object.assign(this, { form, announcer, name, acts });
    this.typedAfter = new RegExp(`^${sign}([^\\n]*)$`);
    this.field = document.getElementById("composer-text");
    this.entries = [];
    this.coming = null; // the entries as they are now: asked for once, until the sign is gone or the field is left
    this.node = element("div", { class: "prompt-list", id: `${name}-list`, role: "listbox", "aria-label": label, hidden: true });
    form.prepend(this.node);
    form.addEventListener("focusout", ({ relatedTarget }) => { if (!form.contains(relatedTarget)) this.#leave(); });
    this.node.addEventListener("pointerdown", (event) => event.preventDefault()); // the focus stays where it is
    this.field.setAttribute("aria-autocomplete", "list");
  }

  /** Resolves with the entries as they are now: {id, name}. */
  async load() { return []; }

  /** How many are found, in words. */
  said() { return ""; }

  /** What stands before, below and after an entry's name. */
  partsOf() { return {}; }

  /** An entry that is no act was chosen. */
  chosen() {}

  /** The message field has another text. */
  typed() {
    if (this.#query() === null) {
      this.away = false;
      return this.#leave();
    }
    if (this.away) return;
    this.coming ??= this.#load();
    this.#show();
  }

  /** What is typed after the sign; null where the text is another. */
  #query() {
    return this.typedAfter.exec(this.field.value)?.[1] ?? null;
  }

  async #load() {
    try {
      this.entries = await this.load();
      if (document.activeElement === this.field) this.#show();
    } catch {
      this.coming = null; // those that were there before; with the next letter again
    }
  }

  #show() {
    const query = this.#query();
    if (query === null || this.away) return;
    const found = [this.entries, this.acts].flatMap((entries) => matching(query, entries, ({ name }) => name));
    if (!found.length) return this.#close();
    if (found.map(({ name, id }) => id ?? name).join() !== this.shown) {
      this.shown = found.map(({ name, id }) => id ?? name).join();
      this.node.replaceChildren(...found.map((entry, index) => this.#option(entry, index)));
      this.announcer.say(this.said(found.length));
      this.node.hidden = false;
      this.field.setAttribute("aria-controls", this.node.id);
      this.#mark(0);
    }
    this.found = found;
  }

  #option(entry, index) {
    const { picture, hint, tag } = entry.run ? { picture: icon(entry.sign), hint: entry.hint } : this.partsOf(entry);
    return element("div", { class: "prompt-option", role: "option", id: `${this.name}-option-${index}`, onclick: () => this.#choose(entry), onpointermove: () => this.#mark(index) },
      picture, element("span", { class: "name", dir: "auto" }, entry.name), element("small", { dir: "auto" }, hint), tag && element("span", { class: "tag" }, tag));
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
    if (this.node.hidden) return; // the field may belong to another list now
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
    if (!entry.run) return this.chosen(entry);
    this.put("");
    entry.run();
  }

  /** As if it had been typed: the draft is kept, the field grows. */
  put(text) {
    this.field.value = text;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.field.focus({ preventScroll: true });
    this.field.setSelectionRange(text.length, text.length);
  }
}
