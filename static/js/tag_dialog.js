// The dialog in which one or several chats are given tags. Fetched when it is first wanted; it keeps no chat.

import { openDialog } from "./dialogs.js";
import { get, post } from "./http.js";
import { element, iconButton } from "./icons.js";
import { matching } from "./matching.js";
import { colourOf, tagButton, word } from "./tags.js";
import { n, t } from "./words.js";

/** The tags of several chats by name, each with how many of them bear it: [{name, count}]. */
export function together(tagsOfEach) {
  const counts = new Map();
  for (const names of tagsOfEach) for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, count })).sort((one, other) => one.name.localeCompare(other.name));
}

/** What may be added: one's own tags that fit what is typed, without those that all of the chats have. */
export function suggested(typed, own, has, chats) {
  const taken = new Set(has.filter(({ count }) => count === chats).map(({ name }) => name));
  return matching(typed, own.filter((name) => !taken.has(name)));
}

export class TagDialog {
  /** on: {tagsOf(id), titleOf(id), changed(conversation)} */
  constructor(dialog, on) {
    Object.assign(this, { dialog, on, ids: [], own: [], borne: new Map() });
    this.form = dialog.querySelector("form");
    this.field = this.form.elements.name;
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.#add(this.field.value); });
    this.form.querySelector("[data-done]").addEventListener("click", () => this.#done());
    this.field.addEventListener("input", () => { this.#say(""); this.#suggest(); });
    this.field.addEventListener("keydown", (event) => this.#key(event));
  }

  async open(ids) {
    this.ids = ids;
    this.borne = new Map(ids.map((id) => [id, this.on.tagsOf(id)])); // what is changed here may leave the list, where that is filtered
    this.field.value = "";
    this.#say("");
    this.dialog.querySelector("h2").textContent = ids.length === 1 ? t("Tags of “{title}”", { title: this.on.titleOf(ids[0]) }) : n(ids.length, "Tags of {count} chat", "Tags of {count} chats");
    this.#draw();
    openDialog(this.dialog);
    this.field.focus();
    await this.#load();
  }

  /** What can be suggested; without an answer one types. */
  async #load() {
    this.own = await get("/api/tags").then(({ data }) => data.map(({ name }) => name), () => []);
    this.#suggest();
  }

  #draw() {
    this.has = together(this.borne.values());
    this.form.querySelector("#tag-list").replaceChildren(...this.has.map((tag) => this.#chip(tag)));
    this.#suggest();
  }

  #chip({ name, count }) {
    const some = count < this.ids.length;
    const off = iconButton("close", t("Take off {name}", { name }), () => this.#remove(name), { "data-tip": null });
    const parts = [word(name), some && element("small", {}, t("{count} of {total}", { count, total: this.ids.length })), off];
    return element("li", { class: `tag tag-${colourOf(name)} ${some ? "some" : ""}` }, ...parts);
  }

  #suggest() {
    const names = suggested(this.field.value, this.own, this.has, this.ids.length);
    const button = (name) => tagButton(name, { "data-tag": null, "aria-label": t("Add {name}", { name }), onclick: () => this.#add(name) });
    this.form.querySelector(".tag-suggestions").replaceChildren(...names.map(button));
  }

  #key(event) {
    if (event.key !== "Backspace" || this.field.value || event.isComposing || !this.has.length) return;
    event.preventDefault();
    this.#remove(this.has.at(-1).name);
  }

  async #add(name) {
    if (name.trim() && await this.#send({ add_tags: [name] })) {
      this.field.value = "";
      await this.#load();
    }
    this.field.focus();
  }

  /** What is typed belongs to it. */
  async #done() {
    const name = this.field.value.trim();
    if (!name || await this.#send({ add_tags: [name] })) this.dialog.close();
  }

  async #remove(name) {
    if (await this.#send({ remove_tags: [name] })) await this.#load();
    this.field.focus();
  }

  /** Resolves with whether it was done; says why not. */
  async #send(values) {
    try {
      const { conversations } = await post("/conversations/bulk", { act: "change", ids: this.ids, ...values });
      for (const conversation of conversations) {
        this.borne.set(conversation.id, conversation.tags ?? []);
        this.on.changed(conversation);
      }
      this.#say("");
      this.#draw();
      return true;
    } catch (error) {
      this.#say(error.message);
      return false;
    }
  }

  #say(text) {
    this.form.querySelector("[data-form-error]").textContent = text;
  }
}
