// Sends the questions that wait in chats which are not in view, as soon as there is a connection. Those of the chat in view are
// sent by the chat itself. What the server refuses for good becomes the draft of its chat; nothing is dropped.

import { shorten } from "./format.js";
import { toast } from "./toasts.js";
import { t } from "./words.js";

const LATER = ["busy", "rate_limited", "offline", "timeout", "signed_out"];
const AGAIN = 20; // seconds, where the server does not say

export class Waiting {
  /** current(): the chat in view; giveBack(id, text): to whoever writes in that chat, null: in a new one */
  constructor({ outbox, socket, current, giveBack }) {
    Object.assign(this, { outbox, socket, current, giveBack });
    outbox.onChange((clientId, item) => this.#heard(clientId, item));
  }

  /** One after the other, oldest first; who asks meanwhile waits for the same. */
  send() {
    this.sending ??= this.#send().finally(() => { this.sending = null; });
    return this.sending;
  }

  async #send() {
    clearTimeout(this.later);
    for (const item of this.outbox.all()) {
      const inView = this.current().store.pending.some((row) => row.client_id === item.client_id);
      if (inView || !this.outbox.has(item.client_id)) continue; // the chat itself sends it; taken back, or sent by another tab
      if (!this.socket.connected) return;
      await this.#one(item);
    }
  }

  async #one(item) {
    const { client_id, conversation_id, text, fresh } = item;
    this.outbox.put({ ...item, tried: true });
    try {
      await this.socket.request("send_message", { client_id, text, ...(conversation_id === null ? fresh : { conversation_id }) });
      this.outbox.remove(client_id);
    } catch (error) {
      if (LATER.includes(error.code)) this.#again(error.retryAfter);
      else this.#refused(item, error);
    }
  }

  #again(seconds) {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.send(), (seconds ?? AGAIN) * 1000);
  }

  #refused({ client_id, conversation_id, text }, { code, text: why }) {
    const place = code === "not_found" ? null : conversation_id;
    this.giveBack(place, text);
    this.outbox.remove(client_id);
    const said = { title: shorten(text), why };
    toast(place === conversation_id ? t("“{title}” could not be sent: {why} It is kept as a draft of its chat.", said) : t("“{title}” could not be sent: {why} It is kept as a draft.", said), { kind: "error", seconds: 12 });
  }

  /** What another tab sends, takes back or lets wait shows in this one. */
  #heard(clientId, item) {
    const chat = this.current();
    if (item === null) chat.forgetWaiting(clientId);
    else if (chat.id !== null && item.conversation_id === chat.id) chat.wait(item);
  }
}
