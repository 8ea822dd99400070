// Wires the chat page: one socket, one conversation in view, the list beside it. Each part knows only its own business.

import { enhanceForms } from "./ajax_form.js";
import { Announcer } from "./announcer.js";
import { Attachments } from "./attachments.js";
import { ChatSocket } from "./chat_socket.js";
import { dragChats } from "./chat_drag.js";
import { announceWith } from "./code_blocks.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { ConversationDrawing } from "./conversation_drawing.js";
import { dialogs } from "./dialogs.js";
import { Drafts } from "./drafts.js";
import { Drawer } from "./drawer.js";
import { feedbackDialog } from "./feedback.js";
import { FolderDialog, Folders } from "./folders.js";
import { keepTimes } from "./format.js";
import { showFound } from "./found_message.js";
import { whenMathReady } from "./math.js";
import { messageActs } from "./message_acts.js";
import { MessageList } from "./message_list.js";
import { ModelPicker } from "./model_picker.js";
import { fitDock, share, whenRefused, wireControls } from "./page_controls.js";
import { Quota } from "./quota.js";
import { RecentChats } from "./recent_chats.js";
import { Remembering } from "./remember.js";
import { ScrollController } from "./scroll.js";
import { SearchDialog } from "./search.js";
import { afterSessionEnd, leave } from "./session_end.js";
import { SettingsPanel } from "./settings_panel.js";
import { Sidebar, shorten } from "./sidebar.js";
import { slashPrompts } from "./slash.js";
import { showSuggestions } from "./suggestions.js";
import { preferences } from "./theme.js";
import { adoptFlashes, toast } from "./toasts.js";

const at = (id) => document.getElementById(id);
const boot = JSON.parse(at("boot").textContent);
const chat = at("chat");
const kept = new RecentChats();

const announcer = new Announcer(at("announcer"));
const connection = new Connection(at("notice-bar"), at("model-picker"));
const picker = new ModelPicker({ button: at("model-picker"), models: boot.models, usual: boot.model, conversation: () => current, choose: (name) => settings.set("model", name) });
const scroll = new ScrollController({ scroller: at("messages"), content: at("column"), spacer: at("spacer"), button: at("to-bottom"), onNearTop: loadOlder });
const list = new MessageList(at("message-list"), messageActs({ reasons: boot.rating_reasons, current: () => current, list: () => list, composer: () => composer, picker, scroll, announcer, attempt, sent,
}));
const composer = new Composer({
  form: at("composer"), drafts: new Drafts(boot.user.id), limits: boot.limits, sendKey: () => preferences.sendKey,
  on: { send, stop, editLast, changed: (text) => { suggest(text); slash.typed(text); }, key: (event) => slash.key(event) },
});
const slash = slashPrompts({ form: at("composer"), announcer, manage: () => settings.open("prompts") });
const remembering = new Remembering({ isOn: boot.memory, limits: boot.limits, switches: at("panel-personal"), list, scroll, announcer });
const attachments = new Attachments({ root: at("attachments"), button: at("attach"), input: at("attach-files"), shade: at("drop-shade"), composer, limits: boot.limits, announcer, conversation: () => current });
const quota = new Quota(at("quota"), boot.quota, (reason) => composer.setBlocked(reason));
const folderDialog = new FolderDialog(at("folder"));
const folders = new Folders({ root: at("folders"), template: at("folder-template"), folders: boot.folders,
  on: { put: (conversation) => sidebar.put(conversation), newChat, edit: (folder) => folderDialog.open(folder), redrawn: () => { drawing.head(); settings.refresh(); } } });
const sidebar = new Sidebar({
  root: at("conversation-list"), list: at("conversation-rows"), template: at("row-template"), folders, limits: boot.limits,
  on: {
    open: openConversation, share, removed: conversationRemoved, restored: conversationRestored, changed: conversationChanged,
    info: (id) => (current.id === id ? current.info : null), newFolder: (done) => folderDialog.open(null, done),
  },
});
dragChats(at("conversation-list"), (id, place) => sidebar.drop(id, place));
const drawer = new Drawer({ root: document.body, sidebar: at("sidebar"), beside: chat, shade: at("drawer-shade"), opener: at("open-sidebar") });
const settings = new SettingsPanel({ boot, picker, conversation: () => current, folderPrompt: () => folders.promptOf(current.folderId), onSaved: conversationChanged, clear: ({ id, info }) => sidebar.remove(id, info?.title) });
const drawing = new ConversationDrawing({ chat, list, composer, attachments, picker, announcer, conversation: () => current, titleOf: (id) => sidebar.titleOf(id), onLive: stopIfAsked });
const search = new SearchDialog(at("search"), openConversation);
const socket = new ChatSocket({
  event: handle,
  up: () => { connection.up(); reopen(); if (connectedBefore) { sidebar.refresh(); quota.refresh(); } connectedBefore = true; },
  down: () => connection.down(),
  refused: () => leave(),
});

let current = make(null);
let connectedBefore = false, stopAsked = null, removed = null;

// ---- the conversation in view -----------------------------------------------------------------------------------

function make(id) {
  const conversation = new Conversation(socket, id, {
    change: (key) => conversation === current && drawing.changed(key),
    adopted: () => conversation === current && adopted(),
    changed: () => conversation === current && drawing.head(),
  });
  return conversation;
}

function show(id, { push = true } = {}) {
  const before = current;
  if (before.id !== null && before.id !== id) before.close();
  if (before.id !== null) kept.keep(before);
  current = (id !== null && kept.get(id)) || make(id);
  if (push) history.pushState({}, "", id === null ? "/" : `/c/${id}`);
  composer.open(id);
  drawing.begin();
  scroll.jump(current.place);
  current.place = null;
  sidebar.mark(id);
  drawer.chosen();
  composer.focus();
}

async function openConversation(id, messageId = null) {
  if (id === current.id && current.loaded) drawer.chosen();
  else { show(id); await reopen(); }
  if (messageId && id === current.id) await showMessage(messageId);
}

/** A search hit that was opened in a tab of its own names its message in the address, once. */
async function followLink() {
  const messageId = /^#message-([\w-]+)$/.exec(location.hash)?.[1];
  history.replaceState({}, "", location.pathname);
  if (messageId) await showMessage(messageId);
}

function showMessage(id) {
  return attempt(() => showFound(id, { conversation: current, list, scroll, scroller: at("messages") }));
}

function newChat(folder = null) {
  if (current.id !== null || current.store.path().length) show(null);
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
  } catch (error) {
    if (opening !== current || error.code === "offline" || error.code === "timeout") return;
    toast(error.code === "not_found" ? "That chat does not exist, or it is not yours." : error.text, { kind: "error" });
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

function loadOlder() {
  if (!current.store.more || current.loadingOlder || !socket.connected) return;
  const first = at("message-list").firstElementChild;
  const drawn = current.on.change;
  at("older").textContent = "Loading older messages…";
  current.on.change = (key) => (key === null ? scroll.keeping(() => first, () => drawn(key)) : drawn(key));
  current.older().catch(() => {}).finally(() => { current.on.change = drawn; at("older").textContent = ""; });
}

async function sent(deliver) {
  const delivering = deliver();
  const views = [...list.views.values()].filter((view) => view.row.role === "user");
  if (views.length) scroll.sent(views[views.length - 1].node);
  await delivering;
}

function send(text) {
  chat.classList.remove("is-empty");
  return remembering.offering(text, sent(() => current.send(text)));
}

/** What the server has not taken yet: it goes back into the draft when the page is left. */
const unsent = () => current.store.pending.map((row) => row.text);

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
    composer.showError(error.code === "offline" ? "No connection. Try again when you are back." : text ?? "That did not work.", seconds);
    if (!(error.code)) throw error;
  }
}

function editLast() {
  const views = [...list.views.values()].filter((view) => view.row.role === "user" && !view.row.local);
  const last = views[views.length - 1];
  last?.edit();
  return Boolean(last);
}

// ---- events from the server -------------------------------------------------------------------------------------

function handle(name, payload) {
  if (name === "conversation_changed") conversationChanged(payload.conversation);
  else if (name === "conversation_removed") removedElsewhere(payload);
  else if (name === "folders_changed") foldersChanged(payload);
  else if (name === "quota_changed") quota.show(payload.quota);
  else if (name === "models_changed") { picker.update(payload.models); list.refreshWaiting(); }
  else if (name === "session_ended") leave(payload.reason);
  else if (name === "message_started" || name === "message_changed") current.handle(name, payload);
  else (current.owns(payload.message_id) ? current : kept.owning(payload.message_id) ?? current).handle(name, payload);
}

function conversationChanged(conversation) {
  const row = sidebar.row(conversation.id);
  const finished = row?.dataset.live === "1" && !conversation.live;
  sidebar.put(conversation);
  if (conversation.id === current.id) {
    current.info = { ...current.info, ...conversation };
    drawing.head();
    settings.refresh();
  } else if (finished) {
    toast(`“${shorten(conversation.title)}” has an answer`, { kind: "success", action: { label: "Open", run: () => openConversation(conversation.id) } });
  }
}

function foldersChanged({ folders: now, moved }) {
  folders.show(now);
  if (moved) sidebar.refresh();
}

function removedElsewhere({ conversation_id: id, restorable }) {
  const inView = current.id === id;
  sidebar.removedElsewhere(id, { title: (inView && current.info?.title) || sidebar.titleOf(id), inView, restorable });
}

function conversationRemoved(id) {
  kept.delete(id);
  if (current.id !== id) return;
  removed = current;
  removed.place = scroll.place;
  show(null);
}

/** Undone: back to it where it was left, unless it was not in view or the person has gone elsewhere since. */
function conversationRestored(id) {
  if (removed?.id !== id || current.id !== null) return;
  kept.keep(removed);
  openConversation(id);
}

// ---- the rest of the page ---------------------------------------------------------------------------------------

wireControls({
  user: boot.user, sidebar, settings, feedback: feedbackDialog(at("feedback")), scroll,
  currentId: () => current.id,
  newChat: () => newChat(),
  search: () => search.open(),
  drawer: () => drawer.toggle(),
  focus: () => composer.focus({ evenOnTouch: true }),
  stop: () => { if (!current.store.live()) return false; stop(); return true; },
  lastAnswer: () => current.store.path().findLast((row) => row.role === "assistant"),
  regenerate: (row) => !current.store.live() && attempt(() => current.regenerate(row.id)),
  editLast,
});

addEventListener("popstate", () => {
  const id = /^\/c\/([^/]+)/.exec(location.pathname)?.[1] ?? null;
  if (id === current.id) return;
  show(id, { push: false });
  reopen();
});
addEventListener("pagehide", () => composer.saveNow(unsent()));
whenRefused();

keepTimes();
announceWith((text) => announcer.say(text));
whenMathReady(() => list.repaint());
dialogs();
enhanceForms();
adoptFlashes();
afterSessionEnd();
const suggest = showSuggestions(at("suggestions"), at("greeting"), boot, (text) => composer.sendNow(text));
fitDock(chat, at("messages"), at("dock"));

show(boot.conversation_id, { push: false });
socket.connect();
