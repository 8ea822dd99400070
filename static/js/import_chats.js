// Chats from elsewhere: what a chosen file holds is shown first, then kept; both are asked of the server. It knows no format.

import { count } from "./format.js";
import { send } from "./http.js";
import { element } from "./icons.js";
import { n, t } from "./words.js";

const SHOWN = 100; // of each list
const at = (id) => document.getElementById(id);
const form = at("import-form");
const chosen = at("import-choose");
const go = at("import-go");
const words = go.querySelector("span");

form.hidden = false;
chosen.addEventListener("change", () => look());
form.addEventListener("submit", (event) => { event.preventDefault(); keep(); });

async function look() {
  clear();
  if (!chosen.files[0]) return;
  const found = await ask("/api/conversations/import?preview=true", t("Reading the file…"));
  if (!found) return;
  say(found.created ? t("{chats} with {messages} can be imported.", thingsIn(found)) : t("There is nothing to import in it."));
  report(found, t("Would be imported"), t("Would be left out"));
  go.hidden = found.created === 0;
  words.textContent = n(found.created, "Import {count} chat", "Import {count} chats");
}

/** Of a long file not every chat is told. */
function thingsIn({ created, chats: told }) {
  const sum = told.reduce((all, chat) => all + chat.messages, 0);
  const chats = n(created, "{count} chat", "{count} chats");
  const messages = created > told.length ? n(sum, "more than {count} message", "more than {count} messages") : n(sum, "{count} message", "{count} messages");
  return { chats, messages };
}

async function keep() {
  if (go.hidden || go.disabled) return;
  const done = await ask("/api/conversations/import", t("Importing…"));
  if (!done) return;
  go.hidden = true;
  chosen.value = "";
  say(n(done.created, "{count} chat is in your list now.", "{count} chats are in your list now."));
  report(done, t("Imported"), t("Left out"));
}

/** Resolves with the answer, or with null after saying what is wrong. */
async function ask(url, meanwhile) {
  const body = new FormData();
  body.append("file", chosen.files[0]);
  say(meanwhile);
  busy(true);
  try {
    return await send("POST", url, body);
  } catch (error) {
    clear();
    say(error.status === 413 ? t("The file is too large.") : error.message);
    return null;
  } finally {
    busy(false);
  }
}

function busy(is) {
  go.disabled = chosen.disabled = is;
  form.setAttribute("aria-busy", String(is));
}

function say(text) {
  at("import-note").textContent = text;
}

function clear() {
  say("");
  go.hidden = true;
  at("import-report").replaceChildren();
}

function report({ chats, skipped }, kept, left) {
  const parts = [
    chats.length && list(kept, chats.map((chat) => [chat.title, [n(chat.messages, "{count} message", "{count} messages"), chat.folder, chat.archived && t("archived")].filter(Boolean).join(" · ")])),
    skipped.length && list(left, skipped.map((chat) => [chat.title, chat.reason]), true),
  ];
  at("import-report").replaceChildren(...parts.filter(Boolean));
}

function list(title, rows, open = false) {
  const items = rows.slice(0, SHOWN).map(([name, about]) => element("li", {}, element("span", { class: "import-title", dir: "auto" }, name), " ", element("span", { class: "faint" }, about)));
  if (rows.length > SHOWN) items.push(element("li", { class: "faint" }, t("… and {count} more", { count: count(rows.length - SHOWN) })));
  return element("details", { class: "import-list", open }, element("summary", {}, t("{title}: {count}", { title, count: count(rows.length) })), element("ul", { role: "list" }, ...items));
}
