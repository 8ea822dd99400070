// The messages of one conversation: rows by id, the branch in view, and live replies put together from numbered pieces.
// Pure data: it knows no DOM and no socket. Whatever is cut, doubled or lost, it ends with the server's text.

export const LIVE = new Set(["queued", "streaming"]);
const MAX_EARLY = 400;

/** An answer that ended before it was done; the server lets it go on in the same row. */
export const isCutShort = ({ status, finish_reason }) => ["stopped", "interrupted", "failed"].includes(status) || (status === "complete" && finish_reason === "length");
export const newId = () => globalThis.crypto?.randomUUID?.() ?? `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

export class MessageStore {
  constructor(onChange = () => {}) {
    this.onChange = onChange; // (key | null): one message changed, or (null) the path itself
    this.messages = new Map(); // id → row
    this.pending = []; // own questions the server has not acknowledged yet
    this.early = new Map(); // id → {pieces, queued, done}: what came before its message
    this.begun = new Set(); // replies that began, for whoever empties it and waits for a picture
    this.leafId = null;
    this.more = false;
  }

  get(id) {
    return this.messages.get(id) ?? this.pending.find((row) => row.id === id || row.reply.id === id);
  }

  byKey(key) {
    return this.path().find((row) => row.key === key);
  }

  /** The branch in view, oldest first, then what is still on its way. */
  path() {
    const rows = [];
    const seen = new Set();
    for (let row = this.messages.get(this.leafId); row && !seen.has(row.id); row = this.messages.get(row.parent_id)) {
      seen.add(row.id);
      rows.push(row);
    }
    rows.reverse();
    for (const question of this.pending) rows.push(...(question.status === "refused" || question.waiting ? [question] : [question, question.reply]));
    return rows;
  }

  live() {
    return this.path().find((row) => row.role === "assistant" && LIVE.has(row.status)) ?? null;
  }

  // ---- whole pictures from the server -------------------------------------------------------------------------

  /** The answer of open_conversation: the server's rows win over everything but newer pieces of the same text. */
  reconcile({ messages, live = [], more = false }, { older = false } = {}) {
    for (const message of messages) this.#put(message);
    if (!older) {
      for (const part of live) this.#putLive(part);
      this.leafId = messages.length ? messages[messages.length - 1].id : null;
      const known = new Set([...this.messages.values()].map((row) => row.client_id).filter(Boolean));
      this.pending = this.pending.filter((row) => !known.has(row.client_id));
    }
    this.more = more;
    this.onChange(null);
  }

  /** message_changed, and equally the acknowledgement of save_message. */
  changed(message) {
    if (this.messages.has(message.id)) this.onChange(this.#put(message).key);
  }

  #put(message) {
    const old = this.messages.get(message.id);
    const row = old ?? { key: message.id, seq: 0, ahead: new Map(), text: "" };
    const keepText = old && LIVE.has(message.status) && old.text.startsWith(message.text);
    const { text, seq = 0 } = keepText ? old : message; // the two belong together
    Object.assign(row, { edited_at: null, original_text: null }, message, { text, seq });
    if (!LIVE.has(row.status)) {
      row.ahead.clear();
      row.done = null;
      row.final = true;
    } else {
      row.final = false;
    }
    this.messages.set(row.id, row);
    if (row.siblings?.length > 1) for (const id of row.siblings) this.#shareSiblings(id, row);
    this.#takeEarly(row);
    return row;
  }

  #shareSiblings(id, { siblings, versions }) {
    const row = this.messages.get(id);
    if (row) Object.assign(row, { siblings, versions });
  }

  #putLive({ message_id, seq, text, status, position, eta_seconds }) {
    const row = this.messages.get(message_id);
    if (!row) return;
    if (row.seq <= seq) {
      row.text = text;
      row.seq = seq;
    }
    row.final = false;
    row.done = row.done ?? null;
    row.status = status ?? row.status;
    row.position = position;
    row.eta = eta_seconds ?? row.eta;
    this.#drain(row);
  }

  #takeEarly(row) {
    const early = this.early.get(row.id);
    if (!early) return;
    this.early.delete(row.id);
    if (row.final) return;
    for (const [seq, text] of early.pieces) if (seq > row.seq) row.ahead.set(seq, text);
    if (early.queued) this.#setPlace(row, early.queued);
    row.done = early.done;
    this.#drain(row);
  }

  // ---- own questions, before the server knows them ------------------------------------------------------------

  addPending(clientId, text) {
    const reply = { id: `local-${clientId}-reply`, key: `${clientId}-reply`, role: "assistant", text: "", status: "queued", siblings: [], seq: 0, ahead: new Map(), local: true };
    const row = { id: `local-${clientId}`, key: clientId, client_id: clientId, role: "user", text, status: "pending", siblings: [], local: true, reply };
    this.pending.push(row);
    this.onChange(null);
    return row;
  }

  /** A question is on its way or waits for a connection: what follows is asked after it. */
  get isAsking() {
    return this.pending.some((row) => row.status === "pending");
  }

  /** why: "free" while it can be taken back, "tried" when the server may have it already, null while it is being sent. */
  wait(row, why) {
    if (row.waiting === why) return;
    row.waiting = why;
    this.onChange(null);
  }

  refuse(clientId, error) {
    const row = this.pending.find((item) => item.client_id === clientId);
    if (!row) return;
    Object.assign(row, { status: "refused", error });
    this.onChange(null);
  }

  retry(clientId) {
    const row = this.pending.find((item) => item.client_id === clientId);
    if (!row) return null;
    Object.assign(row, { status: "pending", error: null });
    this.onChange(null);
    return row;
  }

  dropPending(clientId) {
    this.pending = this.pending.filter((row) => row.client_id !== clientId);
    this.onChange(null);
  }

  // ---- events -------------------------------------------------------------------------------------------------

  /** message_started, and equally the acknowledgement of send, edit, regenerate and continue. */
  start({ message, reply }) {
    const own = message?.client_id && this.pending.find((row) => row.client_id === message.client_id);
    if (own) this.pending = this.pending.filter((row) => row !== own);
    if (message) {
      const row = this.#put(message);
      if (own) row.key = own.key;
    }
    if (reply) {
      const known = this.messages.get(reply.id);
      const endedAlready = known?.final && LIVE.has(reply.status); // an acknowledgement that arrived after the end
      const row = endedAlready ? known : this.#put(reply);
      if (own && !endedAlready) row.key = own.reply.key;
      this.begun.add(reply.id);
      this.#bringIntoView(row);
    } else if (message) {
      this.leafId = message.id;
    }
    this.onChange(null);
  }

  /** What follows a message that is in view stays in view. */
  #bringIntoView(row) {
    if (!this.path().includes(row)) this.leafId = row.id;
  }

  /** continue_message was accepted: the same row goes on from where it is. */
  revive(reply) {
    const row = this.messages.get(reply.id);
    if (!row) return this.start({ reply });
    if (!row.final) return this.onChange(row.key);
    Object.assign(row, { status: reply.status ?? "queued", final: false, done: null, error: null, finish_reason: null });
    this.#bringIntoView(row);
    this.onChange(null);
  }

  queued(event) {
    const row = this.messages.get(event.message_id);
    if (!row) this.#earlyOf(event.message_id).queued = event;
    if (!row || row.final) return;
    this.#setPlace(row, event);
    this.onChange(row.key);
  }

  #setPlace(row, { position, eta_seconds }) {
    Object.assign(row, { position, eta: eta_seconds });
  }

  /** receive_message → "applied", "duplicate", "gap" (ask the server to resume) or "unknown". */
  piece({ message_id, seq, text }) {
    const row = this.messages.get(message_id);
    if (!row) return this.#keepEarly(message_id, seq, text);
    if (row.final && isCutShort(row) && seq === row.seq + 1) row.final = false; // continued in another tab
    if (row.final || seq <= row.seq) return "duplicate";
    row.ahead.set(seq, text);
    this.#drain(row);
    this.onChange(row.key);
    return row.ahead.size ? "gap" : "applied";
  }

  /** message_steps: what its model has called for; whoever does not know the message yet is told at its end. */
  given({ message_id, ...given }) {
    const row = this.messages.get(message_id);
    if (row && !row.final) this.onChange(Object.assign(row, given).key);
  }

  #keepEarly(id, seq, text) {
    const { pieces } = this.#earlyOf(id);
    if (pieces.size < MAX_EARLY) pieces.set(seq, text);
    return "unknown";
  }

  #earlyOf(id) {
    if (!this.early.has(id)) this.early.set(id, { pieces: new Map(), queued: null, done: null });
    if (this.early.size > 20) this.early.delete(this.early.keys().next().value);
    return this.early.get(id);
  }

  #drain(row) {
    for (const seq of row.ahead.keys()) if (seq <= row.seq) row.ahead.delete(seq);
    while (row.ahead.has(row.seq + 1)) {
      row.seq += 1;
      row.text += row.ahead.get(row.seq);
      row.ahead.delete(row.seq);
      row.status = "streaming";
      row.position = undefined;
    }
    if (row.done && row.seq >= row.done.seq) this.#end(row);
  }

  /** The answer of resume; "again" when it cannot be fitted and must be asked anew from the returned row's seq. */
  resumed(messageId, afterSeq, { seq, text, status, reset }) {
    const row = this.messages.get(messageId);
    if (!row || row.final) return "done";
    if (reset) {
      row.text = text;
      row.seq = seq;
    } else if (afterSeq === row.seq) {
      row.text += text;
      row.seq = Math.max(seq, row.seq);
    } else if (row.seq < seq) {
      return "again";
    }
    this.#drain(row);
    if (!row.final && status) {
      row.status = status;
      if (!LIVE.has(status)) this.#end(row);
    }
    this.onChange(row.key);
    return row.ahead.size || row.done ? "again" : "done";
  }

  /** message_finished → "applied", "gap" (its text is not what is stored: resume) or "unknown". */
  finish(event) {
    const row = this.messages.get(event.message_id);
    if (!row) {
      this.#earlyOf(event.message_id).done = event;
      return "unknown";
    }
    if (row.final && row.status === event.status) {
      Object.assign(row, facts(event));
      this.onChange(row.key);
      return "applied";
    }
    row.done = event;
    if (row.seq <= event.seq) this.#drain(row); // else it shows more than is stored: words that came after another process ended it
    this.onChange(row.key);
    return row.final ? "applied" : "gap";
  }

  #end(row) {
    if (row.done) Object.assign(row, facts(row.done), { status: row.done.status });
    row.done = null;
    row.final = true;
    row.position = undefined;
    row.ahead.clear();
  }
}

const facts = ({ message_id: _id, status: _status, seq: _seq, ...told }) => ({ ...told, error: told.error ?? null });
