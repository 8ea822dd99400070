// The buttons, menus and keys around the chat: each calls one act of the page it is given. It knows no message and no socket.

import { copyText } from "./code_blocks.js";
import { csrfToken } from "./http.js";
import { element } from "./icons.js";
import { openMenu } from "./menu.js";
import { leave, signingOut } from "./session_end.js";
import { shortcuts } from "./shortcuts.js";
import { orOffline, toast } from "./toasts.js";
import { t } from "./words.js";

const at = (id) => document.getElementById(id);

export function wireControls(page) {
  wireButtons(page);
  wireMenus(page);
  wireKeys(page);
  openFromAddress(page);
  addEventListener("hashchange", () => openFromAddress(page));
}

/** "/#settings-data", as the help page links it: the dialog opens, and the address is as before. */
function openFromAddress({ settings, search }) {
  const doors = { "#feedback": feedback, "#search": search };
  for (const tab of settings.tabs) doors[tab.id.replace("tab-", "#settings-")] = () => settings.open(tab.id.replace("tab-", ""));
  const open = Object.hasOwn(doors, location.hash) ? doors[location.hash] : null;
  if (!open) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  open();
}

/** Their dialogs are fetched when they are first wanted. */
async function feedback() {
  const { openFeedback } = await orOffline(import("./feedback.js"));
  openFeedback?.();
}

export async function share(id) {
  const { shareDialog } = await orOffline(import("./share_dialog.js"));
  await shareDialog?.(id);
}

/** The chat that the address names; null: a new one. */
export const chatInAddress = () => /^\/c\/([^/]+)/.exec(location.pathname)?.[1] ?? null;

/** The composer floats over the list: the list leaves room for it, and both share the scrollbar's gutter. */
export function fitDock(chat, scroller, dock) {
  const fit = () => {
    chat.style.setProperty("--dock-height", `${dock.offsetHeight}px`);
    chat.style.setProperty("--gutter", `${(scroller.offsetWidth - scroller.clientWidth) / 2}px`);
  };
  const observer = new ResizeObserver(fit);
  observer.observe(dock);
  observer.observe(scroller);
}

/** The list asked for a page of it and got the sign-in page: go there instead of showing that here. */
export function whenRefused() {
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (new URL(event.detail.xhr.responseURL).pathname.startsWith("/conversations")) return;
    event.detail.shouldSwap = false;
    leave();
  });
}

function wireButtons({ newChat, search, drawer, settings }) {
  const acts = { "new-chat": newChat, search, sidebar: drawer, "chat-settings": () => settings.open("chat") };
  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-action]");
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    acts[target.dataset.action]();
  });
}

function wireMenus(page) {
  const { user, sidebar, settings } = page;
  at("chat-menu").addEventListener("click", (event) => sidebar.menu(event.currentTarget, page.currentId()));
  at("account-button").addEventListener("click", (event) => openMenu(event.currentTarget, [
    { label: t("Settings"), icon: "gear", run: () => settings.open("general") },
    { label: t("Profile"), icon: "user", href: "/profile" },
    { label: t("Documents"), icon: "file", href: "/documents" },
    user.can_see_admin && { label: t("Admin"), icon: "chart", href: "/admin/" },
    { label: t("Keyboard"), icon: "keyboard", run: () => settings.open("keyboard") },
    { label: t("Help"), icon: "help", href: "/help" },
    { label: t("Give feedback"), icon: "note", run: feedback },
    "line",
    { label: t("Sign out"), icon: "leave", run: () => signOut() },
  ], t("Account")));
}

function signOut() {
  signingOut();
  const form = element("form", { method: "post", action: "/logout" }, element("input", { type: "hidden", name: "csrf_token", value: csrfToken() }));
  document.body.append(form);
  form.submit();
}

function wireKeys({ newChat, temporary, search, drawer, focus, stop, lastAnswer, regenerate, editLast, sidebar, settings, scroll, currentId }) {
  shortcuts({
    newChat,
    temporary,
    search,
    sidebar: drawer,
    focus,
    stop,
    copyAnswer: () => copy(lastAnswer()?.text, t("Answer copied")),
    copyCode: () => copy([...document.querySelectorAll(".code-block code")].at(-1)?.textContent, t("Code copied")),
    regenerate: () => { const row = lastAnswer(); if (row) regenerate(row); },
    editLast,
    remove: () => { if (currentId() !== null) sidebar.remove(currentId()); },
    top: () => scroll.toTop(),
    bottom: () => scroll.toBottom(),
    keyboard: () => settings.open("keyboard"),
    settings: () => settings.open("general"),
  });
}

async function copy(text, said) {
  if (text && await copyText(text)) toast(said, { kind: "success", seconds: 2 });
}
