// Chats from elsewhere: what a chosen file holds is shown first, then kept; both are asked of the server. It knows no format.

import { count, counted } from "./format.js";
import { send } from "./http.js";
import { element } from "./icons.js";

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
  const found = await ask("/api/conversations/import?preview=true", "Reading the file…");
  if (!found) return;
  const messages = found.chats.reduce((sum, chat) => sum + chat.messages, 0);
  const more = found.created > found.chats.length ? "more than " : "";
  say(found.created ? `${counted(found.created, "chat")} with ${more}${counted(messages, "message")} can be imported.` : "There is nothing to import in it.");
  report(found, "Would be imported", "Would be left out");
  go.hidden = found.created === 0;
  words.textContent = `Import ${counted(found.created, "chat")}`;
}

async function keep() {
  if (go.hidden || go.disabled) return;
  const done = await ask("/api/conversations/import", "Importing…");
  if (!done) return;
  go.hidden = true;
  chosen.value = "";
  say(`${counted(done.created, "chat is", "chats are")} in your list now.`);
  report(done, "Imported", "Left out");
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
    say(error.status === 413 ? "The file is too large." : error.message);
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
    chats.length && list(kept, chats.map((chat) => [chat.title, [counted(chat.messages, "message"), chat.folder, chat.archived && "archived"].filter(Boolean).join(" · ")])),
    skipped.length && list(left, skipped.map((chat) => [chat.title, chat.reason]), true),
  ];
  at("import-report").replaceChildren(...parts.filter(Boolean));
}

function list(title, rows, open = false) {
  const items = rows.slice(0, SHOWN).map(([name, about]) => element("li", {}, element("span", { class: "import-title", dir: "auto" }, name), " ", element("span", { class: "faint" }, about)));
  if (rows.length > SHOWN) items.push(element("li", { class: "faint" }, `… and ${count(rows.length - SHOWN)} more`));
  return element("details", { class: "import-list", open }, element("summary", {}, `${title}: ${count(rows.length)}`), element("ul", { role: "list" }, ...items));
}
