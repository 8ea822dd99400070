// Questions that wait for a connection, kept in this browser for one person until the server has them. Each has its client_id
// from the beginning, by which the server makes it once, whatever breaks and however many tabs send it. It sends nothing and draws
// nothing. Storage may be missing or full: then put() says so, and the question lives as long as its page.

import { keysOf, safeStorage, WAITING } from "./drafts.js";

export class Outbox {
  constructor(userId, storage = safeStorage()) {
    this.prefix = `${WAITING}${userId}.`;
    this.storage = storage;
  }

  /** All of them, oldest first: {client_id, conversation_id, text, fresh, tried, at}; fresh: what a new chat begins with. */
  all() {
    try {
      const texts = keysOf(this.storage, this.prefix).map((key) => this.storage.getItem(key));
      return texts.map(parsed).filter(Boolean).sort((one, other) => one.at - other.at);
    } catch {
      return [];
    }
  }

  /** Those of one chat; null: of new ones. */
  of(conversationId) {
    return this.all().filter((item) => item.conversation_id === conversationId);
  }

  has(clientId) {
    try {
      return this.storage.getItem(this.prefix + clientId) !== null;
    } catch {
      return false;
    }
  }

  /** Says whether it is kept now. */
  put(item) {
    try {
      this.storage.setItem(this.prefix + item.client_id, JSON.stringify(item));
      return true;
    } catch {
      return false;
    }
  }

  remove(clientId) {
    try {
      this.storage.removeItem(this.prefix + clientId);
    } catch {
      // forbidden: then it was never kept
    }
  }

  /** Another tab has kept one (item) or has none any more of this client_id (null). */
  onChange(told) {
    addEventListener("storage", ({ key, newValue }) => {
      if (key?.startsWith(this.prefix)) told(key.slice(this.prefix.length), newValue === null ? null : parsed(newValue));
    });
  }
}

function parsed(text) {
  try {
    const item = JSON.parse(text);
    return item?.client_id && typeof item.text === "string" ? item : null;
  } catch {
    return null;
  }
}
