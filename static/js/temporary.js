// A temporary chat: it lives in this page alone. Each question takes along what was said before it, and nothing is stored.
// To the page it is a conversation that can do less: no editing, no versions, no going on with an answer. It knows no DOM but
// the question before it is left.

import { openDialog } from "./dialogs.js";
import { element } from "./icons.js";
import { LIVE, MessageStore, newId } from "./message_store.js";
import { t } from "./words.js";

const EVENT_BYTES = 180_000; // of what is taken along; the server takes 200,000 with all that stands around it
const EVENT_MESSAGES = 2000;
const LOST = t("The connection was lost, and the rest of this answer with it.");

const sizeOf = (value) => new TextEncoder().encode(JSON.stringify(value)).length;

/** The newest of what was said that one event can hold, from a question on; the last, which is asked, always. */
export function fitting(said, bytes = EVENT_BYTES, messages = EVENT_MESSAGES) {
  let first = said.length - 1;
  for (let left = bytes - sizeOf(said[first]); first > 0 && said.length - first < messages; first -= 1) {
    left -= sizeOf(said[first - 1]) + 1;
    if (left < 0) break;
  }
  while (said[first].role !== "user") first += 1;
  return said.slice(first);
}

export class TemporaryConversation {
  /** on: {change(key|null)} */
  constructor(socket, on, settings = {}) {
    Object.assign(this, { socket, id: null, info: null, documents: [], draftSettings: settings, draftFolder: null, draftPersona: null, folderId: null, loaded: true, storedAt: null, temporary: true });
    this.store = new MessageStore((key) => on.change(key));
    this.staying = (event) => event.preventDefault();
    this.letGo = () => globalThis.removeEventListener?.("beforeunload", this.staying);
  }

  get persona() {
    return this.draftPersona;
  }

  get isEmpty() {
    return this.store.path().length === 0;
  }

  // ---- asking -------------------------------------------------------------------------------------------------

  send(text) {
    globalThis.addEventListener?.("beforeunload", this.staying);
    globalThis.addEventListener?.("session-end", this.letGo);
    return this.#deliver(this.store.addPending(newId(), text));
  }

  retry(clientId) {
    const row = this.store.retry(clientId);
    return row && this.#deliver(row);
  }

  takeBack(clientId) {
    const row = this.store.pending.find((each) => each.client_id === clientId);
    if (!row || row.sending) return false;
    this.store.dropPending(clientId);
    if (this.isEmpty) this.letGo();
    return true;
  }

  /** Another tab's question is no concern of this chat. */
  forgetWaiting() {}

  /** Connected again: what waited for it is asked now. */
  async open() {
    for (const row of [...this.store.pending]) if (row.status === "pending" && !row.sending) await this.#deliver(row);
  }

  async #deliver(row) {
    row.sending = true;
    if (this.socket.connected) this.store.wait(row, null);
    try {
      const told = await this.#ask(this.#rows(), row.text);
      const question = { id: `temporary-${row.client_id}`, client_id: row.client_id, parent_id: this.store.leafId, role: "user", text: row.text, status: "complete", siblings: [], created_at: now(), ...(told.guard && { guard: told.guard }) };
      this.store.start({ message: question, reply: reply(told, question.id) });
    } catch (error) {
      if (error.code === "offline") this.store.wait(row, "free");
      else this.store.refuse(row.client_id, error);
    } finally {
      row.sending = false;
    }
  }

  /** Another answer takes the place of the last one; model: who writes it. */
  async regenerate(messageId, model) {
    const old = this.store.messages.get(messageId);
    const question = this.store.messages.get(old?.parent_id);
    if (!question || this.store.leafId !== messageId) return;
    const rows = this.#rows();
    const told = await this.#ask(rows.slice(0, rows.indexOf(question)), question.text, model && { model });
    this.store.messages.delete(messageId);
    this.store.start({ reply: reply(told, question.id) });
  }

  #rows() {
    return this.store.path().filter((row) => !row.local);
  }

  /** A question whose answer stayed empty is left out, as in any chat. */
  #ask(rows, text, more = {}) {
    const answered = new Set(rows.filter((row) => row.role === "assistant" && row.text).map((row) => row.parent_id));
    const said = rows.filter((row) => row.text && (row.role === "assistant" || answered.has(row.id)));
    const messages = [...said, { role: "user", text }].map((row) => ({ role: row.role, text: row.text }));
    return this.socket.request("ask_temporary", { messages: fitting(messages), settings: { ...this.draftPersona?.begins, ...this.draftSettings, ...more } });
  }

  stop(messageId) {
    return this.socket.request("stop_temporary", { message_id: messageId });
  }

  // ---- its end ------------------------------------------------------------------------------------------------

  /** The server has stopped what it wrote for a connection that is gone. */
  lost() {
    for (const { id, seq } of this.#live()) this.store.finish({ message_id: id, status: "interrupted", finish_reason: "cancelled", seq, error: { code: "offline", text: LOST } });
  }

  /** It is left: nothing goes on, and nothing is in the way of leaving the page. */
  async close() {
    this.letGo();
    for (const { id } of this.#live()) await this.stop(id).catch(() => {});
  }

  #live() {
    return this.#rows().filter((row) => row.role === "assistant" && LIVE.has(row.status));
  }

  /** Resolves with whether the person wants to leave it. */
  askToLeave() {
    return new Promise((resolve) => {
      const button = (kind, value, text) => element("button", { class: `button ${kind}`, value }, text);
      const dialog = element("dialog", { class: "dialog", "aria-labelledby": "leave-title", "aria-describedby": "leave-text", onclose: () => { resolve(dialog.returnValue === "leave"); dialog.remove(); } },
        element("div", { class: "dialog-head" }, element("h2", { id: "leave-title" }, t("Leave this temporary chat?"))),
        element("form", { class: "dialog-body", method: "dialog" }, element("p", { id: "leave-text" }, t("It is stored nowhere: once you leave, it is gone.")),
          element("div", { class: "dialog-foot" }, button("quiet", "stay", t("Stay")), button("primary", "leave", t("Leave")))));
      document.body.append(dialog);
      openDialog(dialog);
    });
  }

  // ---- events -------------------------------------------------------------------------------------------------

  owns(messageId) {
    return this.store.messages.has(messageId);
  }

  handle(name, payload) {
    if (name === "message_queued") this.store.queued(payload);
    else if (name === "receive_message") this.store.piece(payload);
    else if (name === "message_finished") this.store.finish(payload);
  }
}

const now = () => new Date().toISOString();
const reply = ({ message_id: id, model, steps }, parentId) => ({ id, steps, parent_id: parentId, role: "assistant", text: "", status: "queued", siblings: [], seq: 0, model, created_at: now() });
