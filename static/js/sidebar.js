// The list of conversations: keeps rows and groups true to the events, rename in place, menu, undo.

import { ARCHIVE, placeOf } from "./folders.js";
import { labelOf, shorten } from "./format.js";
import { element } from "./icons.js";
import { fields, post, send } from "./http.js";
import { closeMenu, openMenu } from "./menu.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

export class Sidebar {
  /** root holds the folders and the list; on: {open(id), share(id), removed(id, deleted), restored(deleted), changed(conversation), info(id), newFolder(done)} */
  constructor({ root, list, template, folders, limits, on }) {
    Object.assign(this, { root, list, template, folders, limits, on });
    this.currentId = null;
    this.deleted = new Set(); // ids of chats and of folders that this page deletes or has just deleted
    root.addEventListener("click", (event) => this.#click(event));
    root.addEventListener("dblclick", (event) => {
      const row = event.target.closest(".conversation-link")?.closest(".conversation-row");
      if (row) this.rename(row.dataset.id);
    });
    for (const name of ["htmx:afterSettle", "htmx:afterSwap"]) list.addEventListener(name, () => this.#mergeSections());
  }

  row(id) {
    return this.root.querySelector(`.conversation-row[data-id="${CSS.escape(id)}"]`);
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

  #click(event) {
    const button = event.target.closest(".conversation-row .row-menu");
    if (button) return this.menu(button, button.closest(".conversation-row").dataset.id);
    const link = event.target.closest(".conversation-link");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.on.open(link.closest(".conversation-row").dataset.id);
  }

  menu(button, id) {
    const { pinned, archived } = this.#stateOf(id);
    openMenu(button, [
      { label: t("Rename"), icon: "edit", run: () => this.rename(id) },
      { label: pinned ? t("Unpin") : t("Pin"), icon: "pin", run: () => this.#change(id, { pinned: !pinned }) },
      { label: t("Move to a folder"), icon: "folder", run: () => this.#moveMenu(button, id) },
      archived ? { label: t("Unarchive"), icon: "archive", run: () => this.archive(id, false) } : { label: t("Archive"), icon: "archive", run: () => this.archive(id, true) },
      { label: t("Share"), icon: "link", run: () => this.on.share(id) },
      { label: t("Export as Markdown"), icon: "download", href: `/conversations/${id}/export/markdown`, download: "" },
      { label: t("Export as JSON"), icon: "download", href: `/conversations/${id}/export/json`, download: "" },
      "line",
      { label: t("Delete"), icon: "trash", danger: true, run: () => this.remove(id) },
    ], t("This chat"));
  }

  #moveMenu(button, id) {
    const { folder_id: now } = this.#stateOf(id);
    openMenu(button, [
      ...this.folders.all.map((folder) => ({ label: folder.name, icon: "folder", checked: folder.id === now, run: () => this.move(id, folder.id) })),
      { label: t("No folder"), icon: "list", checked: !now, run: () => this.move(id, null) },
      "line",
      { label: t("New folder"), icon: "plus", run: () => this.on.newFolder((folder) => this.move(id, folder.id)) },
    ], t("Move to a folder"));
  }

  /** What is known of a chat, whose row may not be loaded; a folder that is gone holds nothing. */
  #stateOf(id) {
    const { pinned, place, folder } = this.row(id)?.dataset ?? {};
    const known = this.on.info(id) ?? { pinned: pinned === "1", archived: place === ARCHIVE, folder_id: folder };
    return { ...known, folder_id: this.folders.named(known.folder_id)?.id ?? null };
  }

  /** After a lost connection: what happened meanwhile. htmx listens. */
  refresh() {
    this.folders.reload();
    this.list.dispatchEvent(new Event("refresh"));
  }

  // ---- what the server says -----------------------------------------------------------------------------------

  /** conversation_changed: put the row where it belongs. */
  put(conversation) {
    if (this.deleted.has(conversation.id)) return;
    const old = this.row(conversation.id);
    const moved = !old || old.dataset.pinned !== (conversation.pinned ? "1" : "0") || old.dataset.updated !== conversation.updated_at || (old.dataset.place ?? "") !== placeOf(conversation);
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

  #fill(row, conversation) {
    const { title, pinned, live, updated_at: updated, folder_id: folder } = conversation;
    Object.assign(row.dataset, { pinned: pinned ? "1" : "0", live: live ? "1" : "0", updated, place: placeOf(conversation), folder: folder ?? "" });
    const name = row.querySelector(".conversation-title");
    if (name && name.textContent !== title) name.textContent = title;
    row.querySelector(".row-menu").setAttribute("aria-label", t("More for {title}", { title }));
  }

  #place(row, conversation) {
    const section = this.folders.sectionOf(conversation) ?? this.#section(conversation);
    const before = [...section.querySelectorAll(".conversation-row")].find((other) => other !== row && follows(other.dataset, row.dataset));
    section.querySelector("ul").insertBefore(row, before ?? null);
  }

  #section(conversation) {
    const label = conversation.pinned ? t("Pinned") : labelOf(conversation.updated_at);
    const sections = [...this.list.querySelectorAll(".conversation-section")];
    const found = sections.find((section) => section.dataset.label === label);
    if (found) return found;
    const section = element("section", { class: "conversation-section", "data-label": label }, element("h2", { class: "group-label" }, label), element("ul", { class: "conversation-group", role: "list" }));
    const mine = { pinned: conversation.pinned ? "1" : "0", updated: conversation.updated_at };
    const next = sections.find((other) => follows(other.querySelector(".conversation-row")?.dataset ?? mine, mine));
    this.list.insertBefore(section, next ?? this.list.querySelector(".load-more"));
    return section;
  }

  #tidy() {
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

  // ---- acts ---------------------------------------------------------------------------------------------------

  rename(id) {
    const row = this.row(id);
    const link = row?.querySelector(".conversation-link");
    if (!link || row.querySelector(".rename-field")) return;
    const name = link.querySelector(".conversation-title");
    const input = element("input", { class: "rename-field", type: "text", maxlength: this.limits.title_chars, "aria-label": t("New title"), dir: "auto" });
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
      toastError(error);
    }
  }

  async archive(id, archived) {
    if (this.#stateOf(id).archived === archived) return;
    const now = await this.#change(id, { archived });
    if (now && archived) toast(t("“{title}” is in the archive", { title: shorten(now.title) }), { action: { label: t("Undo"), run: () => this.#change(id, { archived: false }) } });
    else if (now) toast(this.#inFolder(now) ? t("“{title}” is in “{folder}” again", this.#inFolder(now)) : t("“{title}” is in the list again", { title: shorten(now.title) }), { kind: "success" });
  }

  async move(id, folderId) {
    const { folder_id: before, archived } = this.#stateOf(id);
    if (before === folderId && !archived) return;
    const now = await this.#change(id, { folder_id: folderId, archived: false });
    if (now) toast(this.#inFolder(now) ? t("“{title}” is in “{folder}”", this.#inFolder(now)) : t("“{title}” is in no folder", { title: shorten(now.title) }), { action: { label: t("Undo"), run: () => this.#change(id, { folder_id: before, archived }) } });
  }

  /** What is said of a chat that lies in a folder; null: it lies in none. */
  #inFolder({ title, folder_id: id }) {
    const folder = this.folders.named(id)?.name;
    return folder ? { title: shorten(title), folder } : null;
  }

  /** Dropped somewhere: on a folder, the archive, or the list. */
  drop(id, place) {
    return place === ARCHIVE ? this.archive(id, true) : this.move(id, place || null);
  }

  /** Resolves with the chat as it is now; with null after saying why it could not be changed. */
  async #change(id, values) {
    try {
      const conversation = await send("PATCH", `/api/conversations/${id}`, values);
      this.on.changed(conversation);
      return conversation;
    } catch (error) {
      toastError(error);
      return null;
    }
  }

  /** Deleted at once; the toast takes it back. */
  async remove(id, title = this.titleOf(id) || t("Chat")) {
    closeMenu();
    try {
      await this.deleting(id, () => post(`/conversations/${id}/delete`));
    } catch (error) {
      return toastError(error);
    }
    this.#forget(id);
    toast(t("“{title}” deleted", { title: shorten(title) }), this.#undo(id));
  }

  /** This page deletes a chat, or a folder with its chats: the events about it are no news here, and may be faster than the answer. */
  async deleting(id, act) {
    this.deleted.add(id);
    try {
      await act();
      setTimeout(() => this.deleted.delete(id), 1500);
    } catch (error) {
      this.deleted.delete(id);
      throw error;
    }
  }

  /** conversation_removed: where it was another tab, another device or the server, who reads it is told, and may take it back. */
  removed(id, { title, inView, restorable }) {
    const ours = [id, this.#stateOf(id).folder_id].find((each) => this.deleted.has(each));
    this.deleted.delete(id); // what is said of it from now on is true again
    this.#forget(id, ours);
    if (!inView || ours) return;
    if (restorable) toast(t("“{title}” was deleted elsewhere.", { title: shorten(title) }), this.#undo(id));
    else toast(t("“{title}” was deleted for good.", { title: shorten(title) }));
  }

  /** deleted: the chat itself, or the folder that it was deleted with */
  #forget(id, deleted = id) {
    this.row(id)?.remove();
    this.#tidy();
    this.on.removed(id, deleted);
  }

  #undo(id) {
    return { action: { label: t("Undo"), run: () => this.#restore(id) } };
  }

  async #restore(id) {
    this.deleted.delete(id);
    try {
      const { conversation } = await post(`/conversations/${id}/restore`);
      if (conversation) this.put(conversation);
      this.on.restored(id);
    } catch (error) {
      toastError(error);
    }
  }
}

/** Whether one row stands below another: pinned ones first, then the last used. */
const follows = (one, other) => (one.pinned === other.pinned ? one.updated < other.updated : one.pinned < other.pinned);
