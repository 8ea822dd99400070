// The list of conversations: keeps rows and groups true to the events, rename in place, menu, undo, and the phone drawer.

import { element } from "./icons.js";
import { fields, post } from "./http.js";
import { closeMenu, openMenu } from "./menu.js";
import { toast } from "./toasts.js";

export class Sidebar {
  /** on: {open(id), removed(id), restored(id), changed(conversation)} */
  constructor({ list, template, on }) {
    Object.assign(this, { list, template, on });
    this.currentId = null;
    this.removing = new Set();
    list.addEventListener("click", (event) => this.#click(event));
    list.addEventListener("dblclick", (event) => {
      const row = event.target.closest(".conversation-link")?.closest(".conversation-row");
      if (row) this.rename(row.dataset.id);
    });
    list.addEventListener("htmx:afterSettle", () => this.#mergeSections());
    list.addEventListener("htmx:afterSwap", () => this.#mergeSections());
  }

  row(id) {
    return this.list.querySelector(`.conversation-row[data-id="${CSS.escape(id)}"]`);
  }

  titleOf(id) {
    return this.row(id)?.querySelector(".conversation-title").textContent ?? "";
  }

  mark(id) {
    this.currentId = id;
    for (const row of this.list.querySelectorAll(".conversation-row")) {
      const current = row.dataset.id === id;
      row.classList.toggle("current", current);
      const link = row.querySelector("a");
      if (current) link?.setAttribute("aria-current", "page");
      else link?.removeAttribute("aria-current");
    }
  }

  #click(event) {
    const button = event.target.closest(".row-menu");
    if (button) return this.menu(button, button.closest(".conversation-row").dataset.id);
    const link = event.target.closest(".conversation-link");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.on.open(link.closest(".conversation-row").dataset.id);
  }

  menu(button, id) {
    const pinned = this.row(id)?.dataset.pinned === "1";
    openMenu(button, [
      { label: "Rename", icon: "edit", run: () => this.rename(id) },
      { label: pinned ? "Unpin" : "Pin", icon: "pin", run: () => this.pin(id, !pinned) },
      { label: "Export as Markdown", icon: "download", href: `/conversations/${id}/export/markdown`, download: "" },
      { label: "Export as JSON", icon: "download", href: `/conversations/${id}/export/json`, download: "" },
      "line",
      { label: "Delete", icon: "trash", danger: true, run: () => this.remove(id) },
    ], "This chat");
  }

  /** After a lost connection: what happened meanwhile. htmx listens. */
  refresh() {
    this.list.dispatchEvent(new Event("refresh"));
  }

  // ---- what the server says -----------------------------------------------------------------------------------

  /** conversation_changed: put the row where it belongs. */
  put(conversation) {
    if (this.removing.has(conversation.id)) return;
    const old = this.row(conversation.id);
    const moved = !old || old.dataset.pinned !== (conversation.pinned ? "1" : "0") || old.dataset.updated !== conversation.updated_at;
    const row = old ?? this.#newRow(conversation.id);
    this.#fill(row, conversation);
    if (moved) this.#place(row, conversation);
    this.#tidy();
    this.mark(this.currentId);
  }

  #newRow(id) {
    const row = this.template.content.querySelector(".conversation-row").cloneNode(true);
    row.dataset.id = id;
    row.querySelector("a").href = `/c/${id}`;
    return row;
  }

  #fill(row, { title, pinned, live, updated_at }) {
    Object.assign(row.dataset, { pinned: pinned ? "1" : "0", live: live ? "1" : "0", updated: updated_at });
    const name = row.querySelector(".conversation-title");
    if (name && name.textContent !== title) name.textContent = title;
    row.querySelector(".row-menu").setAttribute("aria-label", `More for ${title}`);
  }

  #place(row, conversation) {
    const label = conversation.pinned ? "Pinned" : labelOf(conversation.updated_at);
    const section = this.#section(label, conversation.pinned);
    const before = [...section.querySelectorAll(".conversation-row")].find((other) => other !== row && other.dataset.updated < conversation.updated_at);
    section.querySelector("ul").insertBefore(row, before ?? null);
  }

  #section(label, first) {
    const found = [...this.list.querySelectorAll(".conversation-section")].find((section) => section.dataset.label === label);
    if (found) return found;
    const section = element("section", { class: "conversation-section", "data-label": label }, element("h2", { class: "group-label" }, label), element("ul", { class: "conversation-group", role: "list" }));
    const pinned = this.list.querySelector('.conversation-section[data-label="Pinned"]');
    if (first || !pinned) this.list.prepend(section);
    else pinned.after(section);
    return section;
  }

  #tidy() {
    for (const section of this.list.querySelectorAll(".conversation-section")) if (!section.querySelector(".conversation-row")) section.remove();
    this.list.parentElement.querySelector(".list-empty").hidden = this.list.querySelector(".conversation-row") !== null;
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

  // ---- acts ---------------------------------------------------------------------------------------------------

  rename(id) {
    const row = this.row(id);
    const link = row?.querySelector(".conversation-link");
    if (!link || row.querySelector(".rename-field")) return;
    const name = link.querySelector(".conversation-title");
    const input = element("input", { class: "rename-field", type: "text", maxlength: "120", "aria-label": "New title", dir: "auto" });
    input.value = name.textContent;
    let done = false;
    const finish = async (save) => {
      if (done) return;
      done = true;
      const title = input.value.trim();
      input.replaceWith(link);
      if (save && title && title !== name.textContent) await this.#saveTitle(id, name, title);
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") { event.preventDefault(); finish(true).then(() => link.focus()); }
      if (event.key === "Escape") { finish(false); link.focus(); }
    });
    input.addEventListener("blur", () => finish(true));
    link.replaceWith(input);
    input.focus();
    input.select();
  }

  async #saveTitle(id, name, title) {
    const before = name.textContent;
    name.textContent = title;
    try {
      const { conversation } = await post(`/conversations/${id}/rename`, fields({ title }));
      if (conversation) this.on.changed(conversation);
    } catch (error) {
      name.textContent = before;
      toast(error.message, { kind: "error" });
    }
  }

  async pin(id, pinned) {
    try {
      const { conversation } = await post(`/conversations/${id}/pin`, fields({ pinned: pinned ? 1 : 0 }));
      if (conversation) this.on.changed(conversation);
    } catch (error) {
      toast(error.message, { kind: "error" });
    }
  }

  /** Deleted at once; the toast takes it back. */
  async remove(id, title = this.titleOf(id) || "Chat") {
    closeMenu();
    this.removing.add(id); // until the event about it, which is no news here and may be faster than the answer
    try {
      await post(`/conversations/${id}/delete`);
    } catch (error) {
      this.removing.delete(id);
      return toast(error.message, { kind: "error" });
    }
    setTimeout(() => this.removing.delete(id), 1500);
    this.#forget(id);
    toast(`“${shorten(title)}” deleted`, this.#undo(id));
  }

  /** conversation_removed: by another tab, another device or the server. Who reads it is told, and may take it back. */
  removedElsewhere(id, { title, inView, restorable }) {
    if (this.removing.delete(id)) return; // our own; what is said of it from now on is true again
    this.#forget(id);
    if (inView) toast(`“${shorten(title)}” was deleted ${restorable ? "elsewhere" : "for good"}.`, restorable ? this.#undo(id) : {});
  }

  #forget(id) {
    this.row(id)?.remove();
    this.#tidy();
    this.on.removed(id);
  }

  #undo(id) {
    return { action: { label: "Undo", run: () => this.#restore(id) } };
  }

  async #restore(id) {
    this.removing.delete(id);
    try {
      const { conversation } = await post(`/conversations/${id}/restore`);
      if (conversation) this.put(conversation);
      this.on.restored(id);
    } catch (error) {
      toast(error.message, { kind: "error" });
    }
  }
}

export const shorten = (text, most = 40) => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

/** The group a moment belongs to, in the viewer's own zone. */
export function labelOf(iso, now = new Date()) {
  const date = new Date(iso);
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.ceil((midnight - date) / 86400000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Previous 7 days";
  return new Intl.DateTimeFormat("en", { month: "long", year: "numeric" }).format(date);
}
