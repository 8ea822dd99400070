// Windows without a picture: the page's socket, conversation and store, told what to do by lines of JSON on the input.
//
// {n, window, act, …} is answered by {n, ok, value}. What a person may not do just now is answered with ok: false.

import { createInterface } from "node:readline";

import { ChatSocket } from "../../static/js/chat_socket.js";
import { Conversation } from "../../static/js/conversation.js";
import { LIVE, isCutShort } from "../../static/js/message_store.js";
import { next } from "./node_socket.mjs";

const windows = new Map();

class Window {
  constructor({ url, cookie, polling, conversation }) {
    Object.assign(next, { url, cookie, polling });
    this.ended = null;
    this.failures = [];
    this.opening = 0; // pictures that are on their way
    this.left = []; // chats that were shown before
    this.socket = new ChatSocket({
      event: (name, payload) => this.heard(name, payload),
      up: () => this.reopen(),
      down: () => {},
      refused: (reason) => { this.ended = reason; },
    });
    this.conversation = this.make(conversation ?? null);
    this.socket.connect();
  }

  make(id) {
    return new Conversation(this.socket, id, { change() {}, adopted() {}, changed() {} });
  }

  show(id) {
    this.left.push(this.conversation);
    this.conversation = this.make(id);
  }

  heard(name, payload) {
    if (name === "session_ended") this.ended = payload?.reason ?? "ended";
    else if (name === "conversation_removed") payload.conversation_id === this.conversation.id && this.show(null);
    else this.conversation.handle(name, payload);
  }

  /** As the page does on each connect; a chat that is gone gives way to a new one. */
  async reopen() {
    const opening = this.conversation;
    this.opening += 1;
    try {
      await opening.open();
    } catch (error) {
      if (["offline", "timeout"].includes(error.code)) return;
      this.failures.push(error.code ?? String(error));
      if (opening === this.conversation && error.code === "not_found") this.show(null);
    } finally {
      this.opening -= 1;
    }
  }

  get rows() {
    return this.conversation.store.path();
  }

  /** The answer in view that fits, the last one first. */
  answer(fits) {
    return this.rows.findLast((row) => row.role === "assistant" && this.conversation.owns(row.id) && fits(row));
  }

  state() {
    const { store, id, loaded } = this.conversation;
    const unsent = [this.conversation, ...this.left].flatMap((one) => one.store.pending);
    return {
      id, loaded, ended: this.ended, failures: this.failures, connected: this.socket.connected,
      pending: unsent.map(({ client_id, text, status }) => ({ client_id, text, status })),
      rows: this.rows.filter((row) => this.conversation.owns(row.id)).map(({ id: own, role, text, status, seq }) => ({ id: own, role, text, status, seq: seq ?? null })),
      waiting: store.pending.filter((row) => row.status !== "refused").length,
      quiet: !this.opening && store.pending.every((row) => row.status === "refused") && !this.rows.some((row) => LIVE.has(row.status)),
    };
  }
}

const acts = {
  open: (at) => { windows.set(at.window, new Window(at)); return null; },
  state: ({ window }) => windows.get(window).state(),
  send: ({ window, text }) => { windows.get(window).conversation.send(text); return null; }, // it waits while offline
  stop: async ({ window }) => act(window, (row) => LIVE.has(row.status), (talk, row) => talk.stop(row.id)),
  regenerate: async ({ window }) => act(window, (row) => !LIVE.has(row.status), (talk, row) => talk.regenerate(row.id)),
  continue: async ({ window }) => act(window, isCutShort, (talk, row) => talk.continue(row.id)),
  select: async ({ window }) => act(window, (row) => (row.siblings ?? []).length > 1, (talk, row) => talk.select(row.siblings.find((id) => id !== row.id))),
  save: async ({ window }) => act(window, (row) => !LIVE.has(row.status) && row.text, (talk, row) => talk.save(row.id, `${row.text.slice(0, row.text.length / 2)} as edited`)),
  edit: async ({ window, text }) => {
    const { conversation, rows } = windows.get(window);
    const question = rows.findLast((row) => row.role === "user" && conversation.owns(row.id));
    if (!question) throw new Error("there is no question");
    await conversation.edit(question.id, text);
    return question.id;
  },
  reopen: async ({ window }) => { await windows.get(window).reopen(); return null; },
  show: async ({ window, id }) => {
    if (windows.get(window).conversation.id !== id) windows.get(window).show(id);
    await windows.get(window).reopen();
    return null;
  },
  close: ({ window }) => { windows.get(window).socket.io.disconnect(); windows.delete(window); return null; },
};

async function act(name, fits, what) {
  const window = windows.get(name);
  const row = window.answer(fits);
  if (!row) throw new Error("there is no such answer");
  await what(window.conversation, row);
  return row.id;
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  Promise.resolve()
    .then(() => acts[order.act](order))
    .then((value) => ({ n: order.n, ok: true, value: value ?? null }))
    .catch((error) => ({ n: order.n, ok: false, value: error.code ?? error.message }))
    .then((answer) => console.log(JSON.stringify(answer)));
}
process.exit(0);
