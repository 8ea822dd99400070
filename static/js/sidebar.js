// The acts on the list of conversations: menu, renaming, moving, deleting and taking it back.

import { ChatRows } from "./chat_rows.js";
import { ARCHIVE } from "./folders.js";
import { shorten } from "./format.js";
import { post, send } from "./http.js";
import { closeMenu, openMenu } from "./menu.js";
import { isOthers, memberMenu, showMembers } from "./people.js";
import { orOffline, toast, toastError } from "./toasts.js";
import { n, t } from "./words.js";

const BULK = "/conversations/bulk";

export class Sidebar extends ChatRows {
  /** root holds the folders and the list; on: {open(id), share(id), removed(id, deleted, forGood), restored(deleted), changed(conversation), info(id), newFolder(done), tags(ids), select(id)} */
  constructor({ root, list, template, folders, filter, limits, on }) {
    super({ root, list, template, folders, filter });
    Object.assign(this, { limits, on });
    root.addEventListener("click", (event) => this.#click(event));
    root.addEventListener("dblclick", (event) => {
      const row = event.target.closest(".conversation-link")?.closest(".conversation-row");
      if (row) this.rename(row.dataset.id);
    });
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
    const { pinned, archived, others } = this.stateOf(id);
    openMenu(button, others ? memberMenu(id) : [
      { label: t("Rename"), icon: "edit", run: () => this.rename(id) },
      { label: pinned ? t("Unpin") : t("Pin"), icon: "pin", run: () => this.#change(id, { pinned: !pinned }) },
      { label: t("Move to a folder"), icon: "folder", run: () => this.#moveMenu(button, id) },
      { label: t("Tags…"), icon: "tag", run: () => this.on.tags([id]) },
      archived ? { label: t("Unarchive"), icon: "archive", run: () => this.archive(id, false) } : { label: t("Archive"), icon: "archive", run: () => this.archive(id, true) },
      { label: t("Share"), icon: "link", run: () => this.on.share(id) },
      { label: t("Export as Markdown"), icon: "download", href: `/conversations/${id}/export/markdown`, download: "" },
      { label: t("Export as JSON"), icon: "download", href: `/conversations/${id}/export/json`, download: "" },
      this.row(id) && { label: t("Select chats"), icon: "select", run: () => this.on.select(id) },
      "line",
      { label: t("Delete"), icon: "trash", danger: true, run: () => this.remove(id) },
    ], t("This chat"));
  }

  #moveMenu(button, id) {
    openMenu(button, this.folderItems((folder) => this.move(id, folder?.id ?? null), this.stateOf(id).folder_id), t("Move to a folder"));
  }

  /** The folders as a menu shows them; move(folder), which is null for none. now: the id of the one they lie in, if it is one. */
  folderItems(move, now) {
    const item = (folder, label, icon) => ({ label, icon, ...(now === undefined ? {} : { checked: (folder?.id ?? null) === now }), run: () => move(folder) });
    return [
      ...this.folders.all.map((folder) => item(folder, folder.name, "folder")),
      item(null, t("No folder"), "list"),
      "line",
      { label: t("New folder"), icon: "plus", run: () => this.on.newFolder(move) },
    ];
  }

  /** What is known of a chat, whose row may not be loaded; a folder that is gone holds nothing. */
  stateOf(id) {
    const { pinned, place, folder, others, tags = "[]" } = this.row(id)?.dataset ?? {};
    const { archived, folder_id, ...known } = this.on.info(id) ?? { pinned: pinned === "1", archived: place === ARCHIVE, folder_id: folder, tags: JSON.parse(tags), together: others !== undefined && { own: false } };
    return { pinned: known.pinned, tags: known.tags ?? [], archived, others: isOthers(known), folder_id: this.folders.named(folder_id)?.id ?? null };
  }

  /** After a lost connection: what happened meanwhile. htmx listens. */
  refresh() {
    if (this.filter.name === null) this.folders.reload();
    this.list.dispatchEvent(new Event("refresh"));
  }

  // ---- acts ---------------------------------------------------------------------------------------------------

  async rename(id) {
    if (this.stateOf(id).others) return;
    const { renameField } = await orOffline(import("./rename_field.js"));
    renameField?.(id, this.row(id), { most: this.limits.title_chars, changed: this.on.changed });
  }

  async archive(id, archived) {
    if (this.stateOf(id).archived === archived) return;
    const now = await this.#change(id, { archived });
    if (now && archived) toast(t("“{title}” is in the archive", { title: shorten(now.title) }), { action: { label: t("Undo"), run: () => this.#change(id, { archived: false }) } });
    else if (now) toast(this.#inFolder(now) ? t("“{title}” is in “{folder}” again", this.#inFolder(now)) : t("“{title}” is in the list again", { title: shorten(now.title) }), { kind: "success" });
  }

  async move(id, folderId) {
    const { folder_id: before, archived } = this.stateOf(id);
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
  remove(id, title = this.titleOf(id) || t("Chat")) {
    closeMenu();
    if (this.stateOf(id).others) return showMembers(id, { leaving: true });
    return this.#delete([id], () => post(`/conversations/${id}/delete`), () => t("“{title}” deleted", { title: shorten(title) }));
  }

  /** Several, by one request; those that another tab has deleted meanwhile are not counted. */
  removeAll(ids) {
    const said = ({ missing }) => n(ids.length - missing.length, "{count} chat deleted", "{count} chats deleted");
    return this.#delete(ids, () => post(BULK, { act: "delete", ids }), said);
  }

  /** Resolves with whether it was done; says why not. */
  async #delete(ids, act, said) {
    let answer;
    try {
      answer = await this.deleting(ids, act);
    } catch (error) {
      toastError(error);
      return false;
    }
    for (const id of ids) this.#forget(id);
    const missing = answer.missing ?? [];
    toast(said({ missing }), this.#undo(ids.filter((id) => !missing.includes(id))));
    return true;
  }

  /** This page deletes chats, or a folder with its chats: the events about them are no news here, and may be faster than the answer. */
  async deleting(ids, act) {
    const forget = () => { for (const id of ids) this.deleted.delete(id); };
    for (const id of ids) this.deleted.add(id);
    const done = act();
    done.then(() => setTimeout(forget, 1500), forget);
    return done;
  }

  /** conversation_removed: where it was another tab, another device or the server, who reads it is told, and may take it back. */
  removed(id, { title, inView, restorable, reason }) {
    const ours = [id, this.stateOf(id).folder_id].find((each) => this.deleted.has(each));
    this.deleted.delete(id); // what is said of it from now on is true again
    const kept = this.#forget(id, ours, !restorable);
    if (!(inView || kept || reason) || ours) return;
    const it = { title: shorten(title) };
    const said = reason ? t("You are not in “{title}” any more.", it) : restorable ? t("“{title}” was deleted elsewhere.", it) : t("“{title}” was deleted for good.", it);
    toast(kept ? `${said} ${t("What you had typed is the draft of a new chat.")}` : said, { seconds: 12, ...(restorable && this.#undo([id])) });
  }

  /** deleted: the chat itself, or the folder that it was deleted with */
  #forget(id, deleted = id, forGood = false) {
    this.gone(id);
    return this.on.removed(id, deleted, forGood);
  }

  #undo(ids) {
    return { action: { label: t("Undo"), run: () => this.#restore(ids) } };
  }

  async #restore(ids) {
    for (const id of ids) this.deleted.delete(id);
    try {
      const { conversations } = await post(BULK, { act: "restore", ids });
      for (const conversation of conversations) this.put(conversation);
      for (const { id } of conversations) this.on.restored(id);
    } catch (error) {
      toastError(error);
    }
  }
}
