// Older messages: one page more when the reader comes near the top, without moving what is read.

import { t } from "./words.js";

const at = (id) => document.getElementById(id);

export function loadOlder(conversation, scroll) {
  if (!conversation.store.more || conversation.loadingOlder || !conversation.socket.connected) return;
  const first = at("message-list").firstElementChild;
  const drawn = conversation.on.change;
  at("older").textContent = t("Loading older messages…");
  conversation.on.change = (key) => (key === null ? scroll.keeping(() => first, () => drawn(key)) : drawn(key));
  conversation.older().catch(() => {}).finally(() => { conversation.on.change = drawn; at("older").textContent = ""; });
}
