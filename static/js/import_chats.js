// Chats from elsewhere: what a chosen file holds is shown first, then kept, which goes on without this page. It knows no format.

import { count } from "./format.js";
import { get, post } from "./http.js";
import { element } from "./icons.js";
import { toastError } from "./toasts.js";
import { sendUp } from "./uploads.js";
import { n, t } from "./words.js";

const SHOWN = 100; // of each list
const LOOK_MS = 1200;
const RUN = "/profile/import";
const at = (id) => document.getElementById(id);
const form = at("import-form");
const chosen = at("import-choose");
const go = at("import-go");
const stop = at("import-stop");
const forget = at("import-forget");
const words = go.querySelector("span");
let sending = null; // what is on its way up

form.hidden = false;
chosen.addEventListener("change", () => look());
form.addEventListener("submit", (event) => { event.preventDefault(); keep(); });
stop.addEventListener("click", () => end());
forget.addEventListener("click", () => putAway());
get(RUN).then((run) => { if (!chosen.files[0]) follow(run); }).catch(toastError); // who is faster begins another

// ---- what a file holds ----------------------------------------------------------------------------------------

async function look() {
  clear();
  if (!chosen.files[0]) return;
  const found = await ask("/api/conversations/import?preview=true");
  if (!found) return;
  idle();
  say(found.created ? t("{chats} with {messages} can be imported.", thingsIn(found)) : t("There is nothing to import in it."));
  report(found, t("Would be imported"), t("Would be left out"), found.created);
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

/** Sends the file up; resolves with the answer, or with null after saying what is wrong. */
async function ask(url) {
  const body = new FormData();
  body.append("file", chosen.files[0]);
  say(t("Sending the file…"));
  busy(0);
  sending = sendUp(url, body, sent);
  try {
    return await sending.done;
  } catch (error) {
    refused(error);
    return null;
  } finally {
    sending = null;
  }
}

function sent(part) {
  if (part < 1) return advance(part, `${Math.floor(part * 100)} %`);
  say(t("Reading the file…"));
  advance(null);
}

function refused(error) {
  clear();
  if (sending.ended) return freed();
  idle();
  if (error.status === 409) toastError(error); // one goes on, which is shown here
  else say(error.status === 413 ? t("The file is too large.") : error.message);
}

// ---- an import that goes on -----------------------------------------------------------------------------------

async function keep() {
  if (go.hidden || sending) return;
  at("import-report").replaceChildren();
  const run = await ask(RUN);
  if (run) return follow(run);
  get(RUN).then((other) => { if (other.goes_on) follow(other); }).catch(toastError); // begun in another tab
}

/** Shows how far an import is, looks again, and shows how it ended. */
function follow(run) {
  if (run.state === null) return;
  if (!run.goes_on) return ended(run);
  say(run.is_stopping ? t("Stopping…") : going(run));
  busy(run.total ? run.kept / run.total : null, run.total === null ? "" : partOf(run));
  stop.disabled = run.is_stopping;
  setTimeout(again, LOOK_MS);
}

const going = ({ state }) => (state === "reading" ? t("Reading the file… You can go on using Echo meanwhile.") : t("Importing… You can go on using Echo meanwhile."));
const partOf = ({ kept, total }) => n(total, "{kept} of {count} chat", "{kept} of {count} chats", { kept: count(kept) });

async function again() {
  if (document.hidden) return document.addEventListener("visibilitychange", again, { once: true });
  try {
    const run = await get(RUN);
    if (run.state === null) freed(); // another tab has put it away
    else follow(run);
  } catch (error) {
    if (error.status === 401) return toastError(error);
    setTimeout(again, LOOK_MS); // the import needs no connection of this page's
  }
}

function ended(run) {
  idle();
  chosen.value = "";
  say(howItEnded(run));
  if (run.chats) report(run, t("Imported"), t("Left out"), run.kept);
  forget.hidden = false;
}

function howItEnded(run) {
  const here = run.kept ? n(run.kept, "{count} chat is in your list now.", "{count} chats are in your list now.") : "";
  const part = run.total ? t("{part} are in your list.", { part: partOf(run) }) : "";
  const rest = t("Choose the same file again for the rest: nothing comes twice.");
  const said = {
    done: here || t("Nothing new was in it."),
    stopped: [t("The import was stopped."), part, rest].filter(Boolean).join(" "),
    failed: [run.error, part, part && rest].filter(Boolean).join(" "),
    cut: [t("The import was cut off: the server ended in the middle of it."), part, rest].filter(Boolean).join(" "),
  };
  return said[run.state];
}

async function end() {
  if (sending) {
    sending.ended = true;
    return sending.abort();
  }
  stop.disabled = true;
  await post(`${RUN}/stop`).catch((error) => { stop.disabled = false; toastError(error); });
}

function freed() {
  idle();
  clear();
  chosen.value = "";
  chosen.focus();
}

async function putAway() {
  try {
    await post(`${RUN}/forget`);
  } catch (error) {
    return toastError(error);
  }
  freed();
}

// ---- what is shown --------------------------------------------------------------------------------------------

/** Something goes on: only stopping it is possible. */
function busy(part, told = "") {
  const [begins, leads] = [stop.hidden, form.contains(document.activeElement)];
  form.setAttribute("aria-busy", "true");
  chosen.disabled = forget.hidden = true;
  go.hidden = true;
  stop.hidden = stop.disabled = false;
  at("import-progress").hidden = false;
  advance(part, told);
  if (begins && leads) stop.focus();
}

function idle() {
  const led = !stop.hidden && (document.activeElement === stop || (stop.disabled && document.activeElement === document.body));
  form.removeAttribute("aria-busy");
  chosen.disabled = false;
  stop.hidden = at("import-progress").hidden = true;
  if (led) at("import-note").focus({ preventScroll: true });
}

/** part: from 0 to 1; null: it only moves. */
function advance(part, told = "") {
  const [bar, text] = at("import-progress").children;
  if (part === null) bar.removeAttribute("value");
  else bar.value = part;
  text.textContent = told;
}

function say(text) {
  if (at("import-note").textContent !== text) at("import-note").textContent = text; // said again only when it changes
}

function clear() {
  say("");
  go.hidden = forget.hidden = true;
  at("import-report").replaceChildren();
}

function report({ chats, skipped, skipped_count: leftOut = skipped.length }, kept, left, all) {
  const parts = [
    chats.length && list(kept, chats.map((chat) => [chat.title, [n(chat.messages, "{count} message", "{count} messages"), chat.folder, chat.archived && t("archived")].filter(Boolean).join(" · ")]), all),
    skipped.length && list(left, skipped.map((chat) => [chat.title, chat.reason]), leftOut, true),
  ];
  at("import-report").replaceChildren(...parts.filter(Boolean));
}

function list(title, rows, all, open = false) {
  const items = rows.slice(0, SHOWN).map(([name, about]) => element("li", {}, element("span", { class: "import-title", dir: "auto" }, name), " ", element("span", { class: "faint" }, about)));
  if (all > items.length) items.push(element("li", { class: "faint" }, t("… and {count} more", { count: count(all - items.length) })));
  return element("details", { class: "import-list", open }, element("summary", {}, t("{title}: {count}", { title, count: count(all) })), element("ul", { role: "list", tabindex: "0", "aria-label": title }, ...items));
}
