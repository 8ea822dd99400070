// Wires the chat page: one socket, one conversation in view, the list beside it. Each part knows only its own business.

import { Announcer } from "./announcer.js";
import { ChatList } from "./chat_list.js";
import { ChatSocket } from "./chat_socket.js";
import { announceWith } from "./code_blocks.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { ConversationDrawing } from "./conversation_drawing.js";
import { dialogs } from "./dialogs.js";
import { Drawer } from "./drawer.js";
import { everyPage } from "./every_page.js";
import { whenMathReady } from "./math.js";
import { messageActs } from "./message_acts.js";
import { MessageList } from "./message_list.js";
import { ModelPicker } from "./model_picker.js";
import { offerNotice } from "./notice_offer.js";
import { Notices } from "./notices.js";
import { Offline } from "./offline.js";
import { loadOlder } from "./older.js";
import { Outbox } from "./outbox.js";
import { chatInAddress, fitDock, whenRefused, wireControls } from "./page_controls.js";
import { Quota } from "./quota.js";
import { RecentChats } from "./recent_chats.js";
import { ScrollController } from "./scroll.js";
import { SearchDialog } from "./search.js";
import { leave } from "./session_end.js";
import { SettingsPanel } from "./settings_panel.js";
import { Speaking } from "./speaking.js";
import { TemporarySwitch } from "./temporary_switch.js";
import { toast } from "./toasts.js";
import { Waiting } from "./waiting.js";
import { t } from "./words.js";
import { writing } from "./writing.js";

const at = (id) => document.getElementById(id);
const boot = JSON.parse(at("boot").textContent);
const chat = at("chat");
const kept = new RecentChats();
const outbox = new Outbox(boot.user.id);
const offline = new Offline({ account: boot.user.id, session: boot.session });

const announcer = new Announcer(at("announcer"));
const connection = new Connection(at("notice-bar"), at("model-picker"));
const picker = new ModelPicker({ button: at("model-picker"), models: boot.models, usual: boot.model, conversation: () => current, choose: (name) => settings.set("model", name), more: () => personas.items() });
const scroll = new ScrollController({ scroller: at("messages"), content: at("column"), spacer: at("spacer"), button: at("to-bottom"), onNearTop: () => loadOlder(current, scroll) });
const speaking = new Speaking(() => list, boot.voices);
const list = new MessageList(at("message-list"), messageActs({
  me: boot.user.username, reasons: boot.rating_reasons, current: () => current, list: () => list, composer: () => composer, picker, scroll, announcer, speaking, attempt, sent,
}));
const { composer, attachments, remembering, personas } = writing({
  boot, list, scroll, announcer, speaking,
  conversation: () => current,
  manage: (tab) => settings.open(tab),
  on: { send, stop, editLast },
  page: { picker, newChat: () => newChat(), redraw: () => { drawing.all(); settings.refresh(); }, listed: () => sidebar.refresh() },
});
const quota = new Quota(at("quota"), boot.quota, (reason) => composer.setBlocked(reason));
const chats = new ChatList({
  boot,
  page: { current: () => current, open: openConversation, newChat, redraw: () => { drawing.head(); settings.refresh(); }, removed: conversationRemoved, restored: conversationRestored, showList: () => drawer.open() },
});
const { folders, sidebar } = chats;
const drawer = new Drawer({ root: document.body, sidebar: at("sidebar"), beside: chat, shade: at("drawer-shade"), opener: at("open-sidebar") });
const settings = new SettingsPanel({
  boot, picker,
  conversation: () => current,
  folderPrompt: () => folders.promptOf(current.folderId),
  onSaved: (conversation) => chats.changed(conversation),
  clear: ({ id, info }) => sidebar.remove(id, info?.title),
});
const drawing = new ConversationDrawing({
  chat, list, composer, attachments, picker, personas, announcer, speaking,
  conversation: () => current,
  titleOf: (id) => sidebar.titleOf(id),
  onLive: stopIfAsked,
});
const search = new SearchDialog(at("search"), openConversation);
const notices = new Notices({ rows: at("conversation-rows"), current: () => current, open: openConversation, offer: () => offerNotice(at("composer"), announcer) });
const socket = new ChatSocket({ event: handle, up: connected, down: () => { connection.down(); current.lost?.(); }, refused: () => leave() });
const temporary = new TemporarySwitch({ button: at("temporary"), composer, current: () => current, show, make: (Temporary, settings) => drawn((on) => new Temporary(socket, on, settings)) });

let current = make(null);
const waiting = new Waiting({ outbox, socket, current: () => current, giveBack: (id, text) => composer.giveBack(id, text) });
let connectedBefore = false;
let stopAsked = null, removed = null;

// ---- the conversation in view -----------------------------------------------------------------------------------

function drawn(made) {
  const conversation = made({
    change: (key) => conversation === current && drawing.changed(key),
    adopted: () => conversation === current && adopted(),
    changed: () => conversation === current && drawing.head(),
  });
  return conversation;
}

function make(id) {
  return drawn((on) => new Conversation(socket, id, on, outbox));
}

function show(id, { push = true, conversation = null } = {}) {
  const before = current;
  const left = before.id === null ? unsent() : []; // nothing else keeps it
  if (before.temporary || (before.id !== null && before.id !== id)) before.close();
  if (before.id !== null) kept.keep(before);
  current = conversation ?? ((id !== null && kept.get(id)) || make(id));
  if (push) history.pushState({}, "", id === null ? "/" : `/c/${id}`);
  composer.open(current.temporary ? undefined : id, left); // of a temporary chat no draft is kept
  drawing.begin();
  scroll.jump(current.place);
  current.place = null;
  if (!socket.connected) connection.reading(current.storedAt ?? (current.id === null ? offline.pageFrom : null));
  sidebar.mark(id);
  drawer.chosen();
  composer.focus();
}

async function openConversation(id, messageId = null) {
  if (id !== current.id && !(await temporary.mayLeave())) return;
  if (id === current.id && current.loaded) drawer.chosen();
  else if (!offline.pageFrom || kept.has(id) || await offline.has(id)) { show(id); await reopen(); }
  if (messageId && id === current.id) await showMessage(messageId);
}

/** A search hit that was opened in a tab of its own names its message in the address, once. */
async function followLink() {
  const messageId = /^#message-([\w-]+)$/.exec(location.hash)?.[1];
  history.replaceState({}, "", location.pathname);
  if (messageId) await showMessage(messageId);
}

function showMessage(id) {
  return attempt(async () => (await import("./found_message.js")).showFound(id, { conversation: current, list, scroll, scroller: at("messages") }));
}

async function newChat(folder = null) {
  if (!(await temporary.mayLeave())) return;
  if (current.temporary || current.id !== null || current.store.path().length) show(null);
  else { drawer.chosen(); composer.focus(); }
  current.draftFolder = folder;
  drawing.head();
}

/** First opening and each reconnect: the server's rows win. */
async function reopen() {
  const opening = current;
  const first = !opening.loaded;
  try {
    await opening.open();
    if (opening !== current) return;
    if (first) scroll.jump();
    if (first && location.hash) await followLink();
    offline.keep(opening);
  } catch (error) {
    if (error.code === "offline" && await offline.show(opening) && opening === current) { scroll.jump(); connection.reading(current.storedAt); }
    if (opening !== current || error.code === "offline" || error.code === "timeout") return;
    toast(error.code === "not_found" ? t("That chat does not exist, or it is not yours.") : error.text, { kind: "error" });
    kept.delete(opening.id);
    show(null);
  }
}

function adopted() {
  history.replaceState({}, "", `/c/${current.id}`);
  composer.adopt(current.id);
  sidebar.mark(current.id);
  drawing.head();
}

// ---- acts -------------------------------------------------------------------------------------------------------

async function sent(deliver) {
  const delivering = deliver();
  const views = [...list.views.values()].filter((view) => view.row.role === "user");
  if (views.length) scroll.sent(views[views.length - 1].node);
  await delivering;
}

async function send(text) {
  if (temporary.comingFor === current && !(await temporary.coming)) return composer.giveBack(current.id, text);
  chat.classList.remove("is-empty");
  speaking.stop();
  const sending = sent(() => current.send(text));
  return current.temporary ? sending : remembering.offering(text, sending);
}

/** What neither the server has taken nor the outbox keeps: it goes back into the draft when the page is left. */
const unsent = () => current.store.pending.filter((row) => !row.kept).map((row) => row.text);

async function stop() {
  const live = current.store.live();
  if (live?.local) stopAsked = live.key; // the server does not know it yet: as soon as it does
  else if (live) await attempt(() => current.stop(live.id));
}

function stopIfAsked(live) {
  if (live.key !== stopAsked || live.local) return;
  stopAsked = null;
  stop();
}

async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    const { text, seconds } = await quota.explain(error);
    composer.showError(error.code === "offline" ? t("No connection. Try again when you are back.") : text ?? t("That did not work."), seconds);
    if (!(error.code)) throw error;
  }
}

function editLast() {
  if (current.temporary) return false;
  const views = [...list.views.values()].filter((view) => view.row.role === "user" && !view.row.local);
  const last = views[views.length - 1];
  last?.edit();
  return Boolean(last);
}

// ---- what the server says ---------------------------------------------------------------------------------------

function connected() {
  connection.up();
  offline.connected();
  reopen().then(() => waiting.send());
  if (connectedBefore || offline.pageFrom) { sidebar.refresh(); quota.refresh(); } // what happened meanwhile
  connectedBefore = true;
  offline.pageFrom = null;
}

function handle(name, payload) {
  if (name === "conversation_changed") { chats.changed(payload.conversation, payload.reason); notices.changed(payload.conversation); }
  else if (name === "conversation_removed") chats.removed(payload);
  else if (name === "folders_changed") chats.foldersChanged(payload);
  else if (name === "quota_changed") quota.show(payload.quota);
  else if (name === "models_changed") { picker.update(payload.models); list.refreshWaiting(); }
  else if (name === "presence_changed") drawing.here(payload);
  else if (name === "banner_changed") import("./banner.js").then((banner) => banner.told(payload, announcer));
  else if (name === "session_ended") leave(payload.reason);
  else if (name === "message_started" || name === "message_changed") current.handle(name, payload);
  else (current.owns(payload.message_id) ? current : kept.owning(payload.message_id) ?? current).handle(name, payload);
  if (name !== "receive_message") offline.keep(current);
}

/** deleted: the chat itself, or the folder that it was deleted with. Says whether something was typed in one that is gone for good. */
function conversationRemoved(id, deleted, forGood) {
  kept.delete(id);
  offline.forget(id).catch(() => {});
  if (current.id === id) {
    removed = { conversation: Object.assign(current, { place: scroll.place }), deleted };
    show(null);
  }
  return forGood && composer.rescue(id);
}

/** Undone: back to it where it was left, unless it was not in view or the person has gone elsewhere since. */
function conversationRestored(deleted) {
  if (removed?.deleted !== deleted || current.id !== null) return;
  kept.keep(removed.conversation);
  openConversation(removed.conversation.id);
}

// ---- the rest of the page ---------------------------------------------------------------------------------------

everyPage();
wireControls({
  user: boot.user, sidebar, settings, scroll,
  currentId: () => current.id,
  newChat: () => newChat(),
  temporary: () => temporary.toggle(),
  search: () => search.open(),
  drawer: () => drawer.toggle(),
  focus: () => composer.focus({ evenOnTouch: true }),
  stop: () => { if (speaking.stop()) return true; if (!current.store.live() || !composer.mayStop) return false; stop(); return true; },
  lastAnswer: () => current.store.path().findLast((row) => row.role === "assistant"),
  regenerate: (row) => !current.store.live() && attempt(() => current.regenerate(row.id)),
  editLast,
});

addEventListener("popstate", async () => {
  const id = chatInAddress();
  if (id === current.id) return;
  if (!(await temporary.mayLeave())) return void history.pushState({}, "", "/");
  show(id, { push: false });
  reopen();
});
addEventListener("pagehide", () => composer.saveNow(unsent()));
whenRefused();

announceWith((text) => announcer.say(text));
whenMathReady(() => list.repaint());
dialogs();
fitDock(chat, at("messages"), at("dock"));
show(chatInAddress(), { push: false });
personas.fromAddress();
if (offline.pageFrom) { offline.list(sidebar).catch(() => {}); reopen(); }
offline.begin(openConversation);
socket.connect();
