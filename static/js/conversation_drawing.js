// Draws the conversation in view: its messages, its head, and what goes with an answer in the making. It acts on nothing.

import { setTitle } from "./page_title.js";
import { drawPersona } from "./personas.js";
import { drawPeople, isOthers } from "./people.js";
import { drawTags } from "./tags.js";
import { t } from "./words.js";

export class ConversationDrawing {
  /** conversation(): the one in view; titleOf(id): from the list beside it; onLive(row): the answer in the making, at each change. */
  constructor({ chat, list, composer, attachments, picker, personas, announcer, speaking, conversation, titleOf, onLive }) {
    Object.assign(this, { chat, list, composer, attachments, picker, personas, announcer, speaking, conversation, titleOf, onLive });
    this.at = (id) => document.getElementById(id);
    this.liveKey = null;
  }

  /** Another conversation than before. */
  begin() {
    this.liveKey = null;
    this.speaking.stop();
    this.list.clear();
    this.all();
  }

  changed(key) {
    if (key === null) this.all();
    else this.one(key);
  }

  all() {
    const { id, loaded, storedAt, store, temporary = false } = this.conversation();
    const rows = store.path();
    this.chat.classList.toggle("is-temporary", temporary);
    this.at("temporary").setAttribute("aria-pressed", String(temporary));
    this.at("temporary-bar").hidden = !temporary;
    this.chat.classList.toggle("is-loading", !loaded && !storedAt);
    this.chat.classList.toggle("is-empty", rows.length === 0 && (id === null || loaded || storedAt !== null));
    this.list.show(rows);
    this.at("older").hidden = !store.more;
    this.head();
    this.#after(rows);
  }

  one(key) {
    const { store } = this.conversation();
    const row = store.byKey(key);
    if (!row) return;
    this.list.update(row);
    if (row.key === this.liveKey || row.status !== "streaming") this.#after(store.path());
    else this.#after([row]);
  }

  #after(rows) {
    const live = this.conversation().store.live();
    this.composer.setLive(live !== null, live === null || this.list.acts.rights(live).stop);
    this.speaking.shown(() => this.conversation().store.path());
    if (live) {
      this.onLive(live);
      this.liveKey = live.key;
      this.announcer.follow(live, true);
    } else if (this.liveKey) {
      const ended = rows.find((row) => row.key === this.liveKey);
      this.liveKey = null;
      if (ended?.role === "assistant") this.announcer.follow(ended, false);
    }
  }

  /** presence_changed: who has it open. */
  here({ conversation_id: id, people }) {
    const current = this.conversation();
    if (current.id !== id) return;
    current.people = people;
    drawPeople(this.at("chat-people"), current.info, people);
  }

  head() {
    const { id, info, people = [], draftFolder, temporary, persona } = this.conversation();
    const title = info?.title || (id && this.titleOf(id)) || (draftFolder ? t("New chat in {folder}", { folder: draftFolder.name }) : temporary ? t("Temporary chat") : t("New chat"));
    this.at("chat-title").textContent = title;
    this.at("chat-menu").hidden = id === null;
    drawTags(this.at("chat-tags"), info?.tags ?? []);
    drawPersona(this.at("chat-persona"), persona);
    drawPeople(this.at("chat-people"), info, people);
    this.chat.classList.toggle("is-others", isOthers(info));
    this.personas.draw();
    this.picker.draw();
    this.attachments.draw();
    setTitle(id === null ? "Echo" : `${title} · Echo`);
  }
}
