// What was typed but not sent, kept per person and conversation in the browser (null: the next one; undefined: one that keeps
// none). Storage may be missing or full; nothing breaks then.

const KEEP = 50;
const PREFIX = "echo.draft.";
export const WAITING = "echo.waiting."; // of outbox.js: sent, but not taken by the server yet

export class Drafts {
  constructor(userId, storage = safeStorage(), now = Date.now) {
    this.prefix = `${PREFIX}${userId}.`;
    this.storage = storage;
    this.now = now;
  }

  key(conversationId) {
    return `${this.prefix}${conversationId ?? "new"}`;
  }

  load(conversationId) {
    if (conversationId === undefined) return "";
    try {
      return JSON.parse(this.storage.getItem(this.key(conversationId)))?.text ?? "";
    } catch {
      return "";
    }
  }

  save(conversationId, text) {
    if (conversationId === undefined) return;
    try {
      if (!text.trim()) return this.storage.removeItem(this.key(conversationId));
      this.storage.setItem(this.key(conversationId), JSON.stringify({ text, at: this.now() }));
      this.#prune();
    } catch {
      // full or forbidden: the text is still in the field
    }
  }

  clear(conversationId) {
    this.save(conversationId, "");
  }

  move(from, to) {
    const text = this.load(from);
    this.clear(from);
    if (text) this.save(to, text);
  }

  #prune() {
    const kept = keysOf(this.storage, this.prefix);
    if (kept.length <= KEEP) return;
    const age = (key) => {
      try {
        return JSON.parse(this.storage.getItem(key))?.at ?? 0;
      } catch {
        return 0;
      }
    };
    kept.sort((one, other) => age(one) - age(other));
    for (const key of kept.slice(0, kept.length - KEEP)) this.storage.removeItem(key);
  }
}

/** Nothing that somebody has typed and not sent is left of an account; "*": of none. */
export function forgetDrafts(userId, storage = safeStorage()) {
  try {
    for (const prefix of [PREFIX, WAITING]) for (const key of keysOf(storage, userId === "*" ? prefix : `${prefix}${userId}.`)) storage.removeItem(key);
  } catch {
    // forbidden: then nothing was ever kept
  }
}

export const keysOf = (storage, prefix) => Array.from({ length: storage.length }, (_, index) => storage.key(index)).filter((key) => key?.startsWith(prefix));

export function safeStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}
