// One conversation as the page uses it: a message store kept true through the socket. It knows no DOM.

import { LIVE, MessageStore, isCutShort, newId } from "./message_store.js";

export class Conversation {
  /** on: {change(key|null), adopted(), changed()}; outbox: keeps what is sent until the server has it */
  constructor(socket, id, on, outbox = null) {
    this.socket = socket;
    this.outbox = outbox;
    this.id = id;
    this.on = on;
    this.info = null; // {id, title, settings, …}
    this.documents = []; // what questions here are looked up in
    Object.assign(this, { collections: [], folderCollections: [] }); // and in what lies in these, and in those of its folder
    this.draftSettings = {}; // chosen before the conversation exists
    this.draftFolder = null; // where it will lie
    this.draftPersona = null; // whom it will begin with
    this.loaded = id === null;
    this.storedAt = null; // when, where it is read without a connection
    this.resuming = new Map(); // id → whether it is to be asked once more
    this.reaching = false; // pages are coming that are drawn together
    this.store = new MessageStore((key) => this.reaching || on.change(key));
    this.reaching = true;
    for (const item of outbox?.of(id) ?? []) this.wait(item);
    this.reaching = false;
  }

  get folderId() {
    return (this.id === null ? this.draftFolder?.id : this.info?.folder_id) ?? null;
  }

  /** Whom it was begun with, or will be; null: Echo. */
  get persona() {
    return (this.info ? this.info.persona : this.draftPersona) ?? null;
  }

  // ---- opening and catching up --------------------------------------------------------------------------------

  async open() {
    if (this.id === null) return this.#resend();
    this.store.begun.clear();
    const asked = this.asked = (this.asked ?? 0) + 1;
    let answer, late = 0;
    while (!answer) answer = await this.socket.request("open_conversation", { conversation_id: this.id }).catch((error) => { if (error.code !== "timeout" || asked !== this.asked || late++ > 2) throw error; });
    if (asked !== this.asked) return; // a newer one is on its way
    if ([...this.store.begun].some((id) => !answer.messages.some((row) => row.id === id))) return this.open(); // older than what has begun meanwhile
    this.info = answer.conversation;
    this.loaded = true;
    this.storedAt = null;
    this.#haveDocuments(answer.documents ?? []);
    Object.assign(this, { collections: answer.collections ?? [], folderCollections: answer.folder_collections ?? [] });
    this.store.reconcile(answer);
    this.on.changed();
    for (const row of this.store.messages.values()) if (LIVE.has(row.status)) this.#resume(row.id, true); // what happened meanwhile, or on another branch
    await this.#resend();
  }

  /** As this browser has stored it: to be read until open() can say how it is now. */
  openStored({ conversation, documents, messages, stored_at: at }) {
    this.info = conversation;
    this.documents = documents;
    this.storedAt = at;
    this.store.reconcile({ messages });
    this.on.changed();
  }

  /** What is known stays the same object; what is still being sent up follows. */
  #haveDocuments(told) {
    const known = new Map(this.documents.map((one) => [one.id, one]));
    const sending = this.documents.filter((one) => !one.id);
    this.documents = [...told.map((one) => Object.assign(known.get(one.id) ?? {}, one)), ...sending];
  }

  /** One page more; who asks meanwhile waits for the same. */
  older() {
    this.loadingOlder ??= this.#older().finally(() => { this.loadingOlder = null; });
    return this.loadingOlder;
  }

  async #older() {
    const first = this.store.path()[0];
    if (!this.store.more || !first) return;
    const answer = await this.socket.request("open_conversation", { conversation_id: this.id, before: first.id });
    this.store.reconcile(answer, { older: true });
  }

  /** Loads what leads to a message, on any branch; says whether it is in view then. */
  async reach(messageId) {
    this.reaching = true;
    try {
      if (await this.#pageUpTo(messageId)) return true;
      await this.select(messageId);
      return await this.#pageUpTo(messageId);
    } finally {
      this.reaching = false;
      this.on.change(null);
    }
  }

  async #pageUpTo(messageId) {
    const inView = () => this.store.path().some((row) => row.id === messageId);
    while (!inView() && this.store.more) {
      const first = this.store.path()[0].id;
      await this.older();
      if (this.store.path()[0].id === first) return inView(); // nothing came: the chat has changed meanwhile
    }
    return inView();
  }

  async close() {
    if (this.id !== null && this.socket.connected) await this.socket.request("close_conversation", { conversation_id: this.id }).catch(() => {});
  }

  // ---- sending ------------------------------------------------------------------------------------------------

  send(text) {
    return this.#deliver(Object.assign(this.store.addPending(newId(), text), { fresh: this.id === null ? this.#fresh() : null }));
  }

  /** What a new chat begins with besides its question. */
  #fresh() {
    const documents = this.documents.map((one) => one.id).filter(Boolean);
    return {
      ...(Object.keys(this.draftSettings).length && { settings: { ...this.draftSettings } }),
      ...(this.draftFolder && { folder_id: this.draftFolder.id }),
      ...(this.draftPersona && { persona_id: this.draftPersona.id }),
      ...(documents.length && { documents }),
      ...(this.collections.length && { collections: this.collections.map((one) => one.id) }),
    };
  }

  /** A question that was sent before, here or in another tab, and waits. */
  wait({ client_id, text, fresh, tried }) {
    const row = this.store.pending.find((each) => each.client_id === client_id) ?? this.store.addPending(client_id, text);
    Object.assign(row, { fresh, tried, kept: true });
    if (!row.sending) this.store.wait(row, tried ? "tried" : "free");
  }

  /** It was taken back or sent by another tab. */
  forgetWaiting(clientId) {
    const row = this.store.pending.find((each) => each.client_id === clientId);
    if (row?.waiting) this.store.dropPending(clientId);
  }

  /** Says whether it could be: not while it is being sent, nor when the server may have it. */
  takeBack(clientId) {
    const row = this.store.pending.find((each) => each.client_id === clientId);
    if (!row || row.sending || row.tried || (row.kept && !this.outbox.has(clientId))) return false;
    this.outbox?.remove(clientId);
    this.store.dropPending(clientId);
    return true;
  }

  #keep(row) {
    const { client_id, text, fresh, tried, at } = Object.assign(row, { at: row.at ?? Date.now() });
    row.kept = this.outbox?.put({ client_id, conversation_id: this.id, text, fresh, tried: Boolean(tried), at }) ?? false;
  }

  #letGo(row) {
    this.outbox?.remove(row.client_id);
    row.kept = row.tried = false;
  }

  retry(clientId) {
    const row = this.store.retry(clientId);
    return row && this.#deliver(row);
  }

  async #resend() {
    for (const row of [...this.store.pending]) if (row.status === "pending" && !row.sending) await this.#deliver(row);
  }

  async #deliver(row) {
    if (row.kept && !this.outbox.has(row.client_id)) return this.store.dropPending(row.client_id); // another tab took it back, or sent it
    row.tried ||= this.loaded && this.socket.connected;
    this.#keep(row);
    if (!this.loaded) return this.store.wait(row, row.tried ? "tried" : "free"); // without a branch it has no place; open() sends it
    if (this.id === null && this.store.pending.some((one) => one.sending && one.status === "pending")) return; // in the chat that this one begins
    const payload = { client_id: row.client_id, text: row.text, ...(this.id === null ? row.fresh : { conversation_id: this.id }) };
    if (this.store.leafId) payload.parent_id = this.store.leafId;
    row.sending = true;
    if (this.socket.connected) this.store.wait(row, null);
    try {
      const answer = await this.socket.request("send_message", payload);
      this.#letGo(row);
      row.status = "complete";
      this.#adopt(answer.conversation_id);
      if (answer.conversation_id === this.id) this.store.start(answer);
      else this.store.dropPending(row.client_id); // of a chat of its own
    } catch (error) {
      if (error.code === "offline") this.store.wait(row, row.tried ? "tried" : "free");
      else this.#refused(row, error);
    } finally {
      row.sending = false;
    }
    if (row.status !== "pending") await this.#resend(); // what waited for it
  }

  /** What the server may have taken in silence stays kept: it is sent again as the same. */
  #refused(row, error) {
    if (error.code !== "timeout") this.#letGo(row);
    row.waiting = null;
    this.store.refuse(row.client_id, error);
  }

  #adopt(id) {
    if (this.id !== null || !id) return;
    this.id = id;
    this.on.adopted();
    if (!this.info) this.open().catch(() => {});
  }

  // ---- acts on messages ---------------------------------------------------------------------------------------

  stop(messageId) {
    return this.socket.request("stop_message", { message_id: messageId });
  }

  /** model: who answers this once; the conversation keeps its own. */
  async regenerate(messageId, model) {
    this.store.start(await this.socket.request("regenerate_message", { message_id: messageId, ...(model && { model }) }));
  }

  async edit(messageId, text) {
    this.store.start(await this.socket.request("edit_message", { message_id: messageId, client_id: newId(), text }));
  }

  /** Changes the text in its place; nothing is answered anew. */
  async save(messageId, text) {
    this.store.changed((await this.socket.request("save_message", { message_id: messageId, text })).message);
  }

  async continue(messageId) {
    const { reply } = await this.socket.request("continue_message", { message_id: messageId });
    this.store.revive(reply);
    this.#checkGap(reply.id);
  }

  async select(messageId) {
    await this.socket.request("select_branch", { message_id: messageId });
    await this.open();
  }

  async rate(messageId, rating, more = {}) {
    await this.socket.request("rate_message", { message_id: messageId, rating, ...more });
    const row = this.store.get(messageId);
    if (row) this.on.change(Object.assign(row, { rating }).key);
  }

  owns(messageId) {
    return this.store.messages.has(messageId);
  }

  handle(name, payload) {
    if (name === "message_started") this.#started(payload);
    else if (name === "message_queued") this.store.queued(payload);
    else if (name === "receive_message") this.#filled(this.store.piece(payload), payload.message_id);
    else if (name === "message_steps") this.store.given(payload);
    else if (name === "message_changed") this.store.changed(payload.message);
    else if (name === "message_finished") this.#filled(this.store.finish(payload), payload.message_id);
  }

  #started(payload) {
    const own = payload.message?.client_id && this.store.pending.some((row) => row.client_id === payload.message.client_id);
    if (this.id === null && own) this.#adopt(payload.conversation_id);
    if (payload.conversation_id !== this.id) return;
    const top = payload.message ?? payload.reply;
    if (top?.parent_id && !this.owns(top.parent_id)) return void this.open().catch(() => {}); // another branch than the one loaded here
    const known = payload.reply && this.store.messages.get(payload.reply.id);
    if (!payload.message && known?.final && isCutShort(known)) this.store.revive(payload.reply);
    else this.store.start(payload);
  }

  #filled(result, messageId) {
    if (result === "gap") this.#resume(messageId);
  }

  #checkGap(messageId) {
    const row = this.store.messages.get(messageId);
    if (row && !row.final && row.ahead.size) this.#resume(messageId);
  }

  /** Asks until nothing is missing; without a connection reopening catches up. anew: though it is being asked. */
  async #resume(messageId, anew = false) {
    if (this.resuming.has(messageId)) return void this.resuming.set(messageId, anew || this.resuming.get(messageId));
    try {
      for (let turn = 0; turn < 5; turn += 1) {
        this.resuming.set(messageId, false);
        const after = this.store.messages.get(messageId)?.seq ?? 0;
        const answer = await this.socket.request("resume", { message_id: messageId, after_seq: after });
        if (this.store.resumed(messageId, after, answer) === "done" && !this.resuming.get(messageId)) return;
      }
      await this.open();
    } catch ({ code, retryAfter }) {
      if (code === "timeout" || retryAfter) setTimeout(() => this.#resume(messageId), 3000);
    } finally {
      this.resuming.delete(messageId);
    }
  }
}
