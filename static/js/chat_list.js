// The list beside the chat in view: puts rows, folders and dragging together, and keeps them true to what the server says.
// It knows no message.

import { dragChats } from "./chat_drag.js";
import { Folders } from "./folders.js";
import { shorten } from "./format.js";
import { share } from "./page_controls.js";
import { Selection } from "./selection.js";
import { Sidebar } from "./sidebar.js";
import { TagFilter } from "./tag_filter.js";
import { orOffline, toast } from "./toasts.js";
import { t } from "./words.js";

const at = (id) => document.getElementById(id);

export class ChatList {
  /** page: {current(): the chat in view, open(id), newChat(folder), redraw(): its head and settings, removed(id, deleted, forGood), restored(deleted), showList()} */
  constructor({ boot, page }) {
    Object.assign(this, { page, hasCollections: boot.has_collections });
    this.folders = new Folders({
      root: at("folders"),
      template: at("folder-template"),
      folders: boot.folders,
      on: {
        draw: (conversation) => this.sidebar.draw(conversation),
        looking: (ask, draw) => this.sidebar.looking(ask, draw),
        newChat: page.newChat,
        edit: (folder) => this.#editFolder(folder),
        deleting: (ids, act) => this.sidebar.deleting(ids, act),
        restored: page.restored,
        redrawn: page.redraw,
      },
    });
    const root = at("conversation-list");
    const changed = (conversation) => this.changed(conversation);
    this.tags = null;
    this.filter = new TagFilter({ root, list: at("conversation-rows"), bar: at("filter-bar"), changed: () => { this.selection.leave(); this.sidebar.refresh(); } });
    this.sidebar = new Sidebar({
      root,
      list: at("conversation-rows"),
      template: at("row-template"),
      folders: this.folders,
      filter: this.filter,
      limits: boot.limits,
      on: {
        open: page.open,
        share,
        removed: (id, ...how) => { this.selection.forget(id); return page.removed(id, ...how); },
        restored: page.restored,
        changed,
        tags: (ids) => this.#openTags(ids),
        select: (id) => { page.showList(); this.selection.begin(id); },
        info: (id) => (this.#inView(id) ? page.current().info : null),
        newFolder: (done) => this.#editFolder(null, (folder) => { this.folders.learn(folder); done(folder); }),
      },
    });
    this.folders.openRemembered();
    this.selection = new Selection({
      root, bar: at("select-bar"), opener: root.querySelector(".select-chats"), sidebar: this.sidebar, most: boot.limits.bulk_chats,
      on: { changed, tags: (ids) => this.#openTags(ids), folderItems: (move) => this.sidebar.folderItems(move) },
    });
    this.filter.listen(root);
    this.filter.listen(at("chat-tags"), page.showList);
    dragChats(root, (id, place) => this.sidebar.drop(id, place));
  }

  async #editFolder(folder, done) {
    const { FolderDialog } = await orOffline(import("./folder_dialog.js"));
    if (FolderDialog) this.folderDialog ??= new FolderDialog(at("folder"), this.hasCollections);
    this.folderDialog?.open(folder, done);
  }

  async #openTags(ids) {
    const { TagDialog } = await orOffline(import("./tag_dialog.js"));
    if (!TagDialog) return;
    this.tags ??= new TagDialog(at("tags"), {
      changed: (conversation) => this.changed(conversation),
      tagsOf: (id) => this.sidebar.stateOf(id).tags,
      titleOf: (id) => this.sidebar.titleOf(id) || this.page.current().info?.title,
    });
    this.tags.open(ids);
  }

  #inView(id) {
    return this.page.current().id === id;
  }

  // ---- what the server says -----------------------------------------------------------------------------------

  changed(conversation, reason) {
    const { id, title, live, together } = conversation;
    const finished = this.sidebar.row(id)?.dataset.live === "1" && !live;
    const open = { label: t("Open"), run: () => this.page.open(id) };
    this.sidebar.put(conversation);
    if (reason === "invited") toast(t("{name} has invited you into “{title}”.", { name: together.owner, title: shorten(title) }), { action: open, seconds: 12 });
    if (this.#inView(id)) {
      Object.assign(this.page.current().info ??= {}, conversation);
      this.page.redraw();
    } else if (finished) {
      toast(t("“{title}” has an answer", { title: shorten(title) }), { kind: "success", action: open });
    }
  }

  foldersChanged({ folders, moved }) {
    this.folders.show(folders);
    if (moved) this.sidebar.refresh();
  }

  removed({ conversation_id: id, restorable, reason }) {
    const inView = this.#inView(id);
    const title = (inView && this.page.current().info?.title) || this.sidebar.titleOf(id);
    this.sidebar.removed(id, { title, inView, restorable, reason });
  }
}
