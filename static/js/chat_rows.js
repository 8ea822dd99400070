// The rows of the list of conversations: each where it belongs, in a folder or by time, and true to what was told last.

import { placeOf } from "./folders.js";
import { labelOf } from "./format.js";
import { element } from "./icons.js";
import { holdFocus } from "./list_focus.js";
import { drawRowPeople } from "./people.js";
import { drawRowPersona } from "./personas.js";
import { drawTags } from "./tags.js";
import { t } from "./words.js";

export class ChatRows {
  /** root holds the folders and the list */
  constructor({ root, list, template, folders, filter }) {
    Object.assign(this, { root, list, template, folders, filter });
    this.currentId = null;
    this.deleted = new Set(); // ids of chats and of folders that this page deletes or has just deleted
    this.looks = new Map(); // for each look at them that is on its way: what was told since it was asked for
    list.addEventListener("htmx:beforeSend", ({ detail }) => this.looks.set(detail.xhr, new Map()));
    list.addEventListener("htmx:afterRequest", ({ detail }) => this.looks.delete(detail.xhr));
    let back;
    list.addEventListener("htmx:beforeSwap", () => { back = holdFocus(list); });
    for (const name of ["htmx:afterSettle", "htmx:afterSwap"]) list.addEventListener(name, () => { this.#mergeSections(); back(); });
    list.addEventListener("htmx:afterSwap", ({ detail }) => this.#repeat(this.looks.get(detail.xhr)));
  }

  row(id) {
    return this.#rows(id)[0] ?? null;
  }

  /** More than one where two looks, of which one is older, both have shown it. */
  #rows(id) {
    return [...this.root.querySelectorAll(`.conversation-row[data-id="${CSS.escape(id)}"]`)];
  }

  titleOf(id) {
    return this.row(id)?.querySelector(".conversation-title").textContent ?? "";
  }

  mark(id) {
    this.currentId = id;
    for (const row of this.root.querySelectorAll(".conversation-row")) {
      const current = row.dataset.id === id;
      row.classList.toggle("current", current);
      const link = row.querySelector("a");
      if (current) link?.setAttribute("aria-current", "page");
      else link?.removeAttribute("aria-current");
    }
  }

  // ---- what is told, and what somebody looked at ---------------------------------------------------------------

  /** conversation_changed: put the row where it belongs. */
  put(conversation) {
    this.#tell(conversation.id, conversation);
    this.draw(conversation);
    this.folders.lookAround();
  }

  /** As it was when somebody looked. */
  draw(conversation) {
    if (this.deleted.has(conversation.id)) return;
    if (!this.filter.bears(conversation)) return this.#remove(conversation.id);
    const [old, ...twins] = this.#rows(conversation.id);
    for (const twin of twins) twin.remove();
    const moved = !old || old.dataset.pinned !== (conversation.pinned ? "1" : "0") || old.dataset.updated !== conversation.updated_at || old.closest(".folder") !== this.#folderOf(conversation);
    const row = old ?? this.#newRow(conversation.id);
    this.#fill(row, conversation);
    if (moved) this.#keeping(row, () => this.#place(row, conversation));
    this.#tidy();
    this.mark(this.currentId);
  }

  /** conversation_removed. */
  gone(id) {
    this.#tell(id, null);
    this.#remove(id);
    this.#tidy();
    this.folders.lookAround();
  }

  #remove(id) {
    for (const row of this.#rows(id)) this.#keeping(row, () => row.remove());
  }

  #keeping(row, change) {
    const back = holdFocus(row);
    change();
    back();
  }

  /** Draws what `ask` resolves with; what is told meanwhile is newer than that, and stays as it was told. */
  async looking(ask, draw) {
    const told = new Map();
    this.looks.set(told, told);
    try {
      draw(await ask());
      this.#repeat(told);
    } finally {
      this.looks.delete(told);
    }
  }

  #tell(id, conversation) {
    for (const told of this.looks.values()) told.set(id, conversation);
  }

  #repeat(told = new Map()) {
    for (const [id, conversation] of told) {
      if (conversation) this.draw(conversation);
      else this.#remove(id);
    }
    this.#tidy();
  }

  // ---- drawing ------------------------------------------------------------------------------------------------

  #newRow(id) {
    const row = this.template.content.querySelector(".conversation-row").cloneNode(true);
    row.dataset.id = id;
    row.querySelector("a").href = `/c/${id}`;
    return row;
  }

  #fill(row, conversation) {
    const { title, pinned, live, updated_at: updated, folder_id: folder, tags = [], persona } = conversation;
    Object.assign(row.dataset, { pinned: pinned ? "1" : "0", live: live ? "1" : "0", updated, place: placeOf(conversation), folder: folder ?? "", tags: JSON.stringify(tags) });
    drawTags(row.querySelector(".row-tags"), tags);
    drawRowPersona(row.querySelector(".row-persona"), persona);
    drawRowPeople(row, conversation.together);
    row.querySelector(".row-check").setAttribute("aria-label", t("Select {title}", { title }));
    const name = row.querySelector(".conversation-title");
    if (name && name.textContent !== title) name.textContent = title;
    row.querySelector(".row-menu").setAttribute("aria-label", t("More for {title}", { title }));
  }

  #place(row, conversation) {
    const section = this.#folderOf(conversation) ?? this.#section(conversation);
    const before = [...section.querySelectorAll(".conversation-row")].find((other) => other !== row && follows(other.dataset, row.dataset));
    section.querySelector("ul").insertBefore(row, before ?? null);
  }

  /** null: it stands in the list by time, as all do whose tag is looked for. */
  #folderOf(conversation) {
    return this.filter.name === null ? this.folders.sectionOf(conversation) : null;
  }

  #section(conversation) {
    const label = conversation.pinned ? t("Pinned") : labelOf(conversation.updated_at);
    const sections = [...this.list.querySelectorAll(".conversation-section")];
    const found = sections.find((section) => section.dataset.label === label);
    if (found) return found;
    const section = element("section", { class: "conversation-section", "data-label": label }, element("h2", { class: "group-label" }, label), element("ul", { class: "conversation-group", role: "list" }));
    const mine = { pinned: conversation.pinned ? "1" : "0", updated: conversation.updated_at };
    const stays = ({ dataset }) => dataset.id !== conversation.id; // the row itself still stands where it was
    const next = sections.find((other) => follows([...other.querySelectorAll(".conversation-row")].find(stays)?.dataset ?? mine, mine));
    this.list.insertBefore(section, next ?? this.list.querySelector(".load-more"));
    return section;
  }

  #tidy() {
    this.folders.tidy();
    for (const section of this.list.querySelectorAll(".conversation-section")) if (!section.querySelector(".conversation-row")) section.remove();
    this.root.querySelector(".list-empty").hidden = this.root.querySelector(".conversation-row") !== null || this.folders.all.length > 0;
  }

  /** A page that was loaded may go on with the group the last one ended with. */
  #mergeSections() {
    const seen = new Map();
    const ids = new Set();
    for (const row of this.list.querySelectorAll(".conversation-row")) {
      if (ids.has(row.dataset.id)) row.remove();
      ids.add(row.dataset.id);
    }
    for (const section of this.list.querySelectorAll(".conversation-section")) {
      const first = seen.get(section.dataset.label);
      if (!first) {
        seen.set(section.dataset.label, section);
        continue;
      }
      first.querySelector("ul").append(...section.querySelectorAll(".conversation-row"));
      section.remove();
    }
    this.#tidy();
    this.mark(this.currentId);
  }
}

/** Whether one row stands below another: pinned ones first, then the last used. */
const follows = (one, other) => (one.pinned === other.pinned ? one.updated < other.updated : one.pinned < other.pinned);
