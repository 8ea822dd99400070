// The folders above the list, and the archive below them: opened, filled when first looked into, changed by a menu.

import { get } from "./http.js";
import { element } from "./icons.js";
import { holdFocus } from "./list_focus.js";
import { openMenu } from "./menu.js";
import { orOffline, toastError } from "./toasts.js";
import { t } from "./words.js";

const OPEN = "echo.open-folders";
export const ARCHIVE = "archived";

/** Where a conversation stands: in the archive, in a folder, or ("") in the list. */
export const placeOf = ({ archived, folder_id: folder }) => (archived ? ARCHIVE : folder ?? "");

export class Folders {
  /** on: {draw(conversation), looking(ask, draw), newChat(folder), edit(folder), deleting(ids, act), restored(id), redrawn()} */
  constructor({ root, template, folders, on }) {
    Object.assign(this, { root, template, on });
    this.all = folders;
    root.addEventListener("click", (event) => this.#click(event));
  }

  /** Those that were left open. */
  openRemembered() {
    for (const section of this.#sections()) if (remembered().includes(section.dataset.place)) this.#open(section);
  }

  // ---- what there is ------------------------------------------------------------------------------------------

  named(id) {
    return this.all.find((folder) => folder.id === id);
  }

  /** The system prompt that a conversation of this folder begins with, if the folder has one. */
  promptOf(id) {
    return this.named(id)?.system_prompt || null;
  }

  /** Where the row of a conversation belongs; null: in the list by time. */
  sectionOf(conversation) {
    const section = this.#section(placeOf(conversation));
    if (section?.dataset.place === ARCHIVE) section.hidden = false;
    return section ?? null;
  }

  #sections() {
    return [...this.root.querySelectorAll(".folder")];
  }

  #section(place) {
    return this.#sections().find((section) => section.dataset.place === place);
  }

  /** folders_changed: those that stay keep their rows, so that nothing jumps. */
  show(folders) {
    this.all = folders;
    const archive = this.#section(ARCHIVE);
    const back = holdFocus(this.root);
    const known = new Set(folders.map((folder) => folder.id));
    for (const section of this.#sections()) if (section !== archive && !known.has(section.dataset.place)) section.remove();
    for (const folder of folders) archive.before(this.#filled(this.#section(folder.id) ?? this.#made(folder), folder));
    back();
    this.on.redrawn();
  }

  /** What this page has made is known to it at once: the event about it may come after what follows. */
  learn(folder) {
    if (!this.named(folder.id)) this.show([...this.all, folder]);
  }

  #made(folder) {
    const section = this.template.content.querySelector(".folder").cloneNode(true);
    section.dataset.place = folder.id;
    section.querySelector(".folder-open").setAttribute("aria-controls", `folder-${folder.id}`);
    section.querySelector("ul").id = `folder-${folder.id}`;
    return section;
  }

  #filled(section, folder) {
    section.querySelector(".folder-name").textContent = folder.name;
    section.querySelector("ul").setAttribute("aria-label", t("Chats in {folder}", { folder: folder.name }));
    section.querySelector(".folder-menu").setAttribute("aria-label", t("More for the folder {folder}", { folder: folder.name }));
    return section;
  }

  // ---- open and closed ----------------------------------------------------------------------------------------

  #click(event) {
    const section = event.target.closest(".folder");
    if (event.target.closest(".folder-new")) this.on.edit(null);
    else if (event.target.closest(".folder-open")) this.#toggle(section);
    else if (event.target.closest(".folder-menu")) this.#menu(event.target.closest("button"), this.named(section.dataset.place));
  }

  #toggle(section) {
    if (isOpen(section)) this.#draw(section, false);
    else this.#open(section);
    remember(this.#sections().filter(isOpen).map((each) => each.dataset.place));
  }

  #draw(section, open) {
    section.querySelector(".folder-open").setAttribute("aria-expanded", String(open));
    section.querySelector(".folder-body").hidden = !open;
  }

  async #open(section) {
    this.#draw(section, true);
    await this.#load(section);
  }

  /** After a lost connection, or when much has moved: what is open is looked at anew. */
  async reload() {
    try {
      this.show((await get("/api/folders")).data);
    } catch {
      return; // the next look makes it true
    }
    for (const section of this.#sections()) {
      delete section.dataset.known;
      if (isOpen(section) || section.dataset.place === ARCHIVE) await this.#load(section);
      else section.querySelector("ul").replaceChildren();
    }
  }

  async #load(section, after = null) {
    const { place } = section.dataset;
    section.dataset.known = "1";
    section.classList.add("is-loading");
    const which = place === ARCHIVE ? { archived: "true" } : { folder_id: place };
    try {
      const ask = () => get(`/api/conversations?${new URLSearchParams(after ? { ...which, after } : which)}`);
      await this.on.looking(ask, ({ data, next }) => this.#fill(section, data, next, { whole: !after }));
    } catch (error) {
      return void (error.status !== 404 && toastError(error));
    } finally {
      section.classList.remove("is-loading");
    }
    this.tidy();
  }

  /** Of what is empty as far as it is known the rest is looked at; the archive is there while anything is in it. */
  tidy() {
    if (!this.root.offsetParent) return; // a tag is looked for: their rows stand elsewhere
    for (const section of this.#sections()) {
      if (!section.dataset.known || section.matches(".is-loading") || section.querySelector(".conversation-row")) continue;
      const more = section.querySelector(".load-more");
      if (more) more.click();
      else if (section.dataset.place === ARCHIVE) this.#hide(section);
    }
  }

  #hide(section) {
    const back = holdFocus(section);
    section.hidden = true;
    back();
  }

  /** Something has changed: an archive that nobody has looked into may have lost its last chat. */
  lookAround() {
    const archive = this.#section(ARCHIVE);
    if (!archive.hidden && !archive.dataset.known && !archive.querySelector(".conversation-row")) this.#load(archive);
  }

  #fill(section, data, next, { whole }) {
    const back = holdFocus(section);
    const there = new Set(data.map((conversation) => conversation.id));
    if (whole) for (const row of section.querySelectorAll(".conversation-row")) if (!there.has(row.dataset.id)) row.remove();
    for (const conversation of data) this.on.draw(conversation);
    section.querySelector(".load-more")?.remove();
    if (next) section.querySelector(".folder-body").append(element("button", { type: "button", class: "load-more", onclick: () => this.#load(section, next) }, t("Show more")));
    back();
  }

  // ---- acts ---------------------------------------------------------------------------------------------------

  #menu(button, folder) {
    const at = this.all.indexOf(folder);
    openMenu(button, [
      { label: t("New chat here"), icon: "new", run: () => this.on.newChat(folder) },
      { label: t("Edit folder"), icon: "edit", run: () => this.on.edit(folder) },
      at > 0 && { label: t("Move up"), icon: "send", run: () => this.#act("change", folder, { position: at - 1 }) },
      at < this.all.length - 1 && { label: t("Move down"), icon: "down", run: () => this.#act("change", folder, { position: at + 1 }) },
      "line",
      { label: t("Delete folder, keep chats"), icon: "trash", run: () => this.#act("remove", folder, "keep") },
      { label: t("Delete folder and chats"), icon: "trash", danger: true, run: () => this.#act("remove", folder, "delete") },
    ], t("This folder"));
  }

  /** What changes one is fetched when it is first wanted. */
  async #act(name, folder, how) {
    (await orOffline(import("./folder_acts.js")))[name]?.(this, folder, how);
  }
}

const isOpen = (section) => section.querySelector(".folder-open").getAttribute("aria-expanded") === "true";

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(OPEN)) ?? [];
  } catch {
    return [];
  }
}

function remember(places) {
  try {
    localStorage.setItem(OPEN, JSON.stringify(places));
  } catch {
    // a browser that keeps nothing opens them closed
  }
}
