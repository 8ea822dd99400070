// Reading without a connection: stores the chat page, its files and the chats read last, and shows them when the server cannot
// be reached. What is stored is one person's and goes with their session (stored.js). It sends nothing.

import { LIVE } from "./message_store.js";
import { markHere, placeOf } from "./stored.js";
import { toast } from "./toasts.js";
import { t } from "./words.js";

const KEEP = 20;
const MOST_ROWS = 100;
const PAGE = "/.stored/page";
const CHATS = "/.stored/chats/";
const DAY = 24 * 3600 * 1000;
const AWAY = t("That chat is not stored in this browser. It opens when you are connected.");
const PAUSE = 1500;
const REST = 400; // a chat that changes is stored when it rests, or the page is left
const RELEASE = new URL(import.meta.url).searchParams.get("v") ?? "";

/** A chat as it is read later: its branch in view, without answers that are still being written and what is on its way. */
export function snapshotOf({ info, documents, store }) {
  const rows = store.path().filter((row) => !row.local && !LIVE.has(row.status) && row.status !== "refused");
  const messages = rows.slice(-MOST_ROWS).map(({ key, ahead, done, final, position, eta, ...row }) => row);
  return { stored_at: new Date().toISOString(), conversation: { ...info, live: false }, documents: documents.filter(({ id }) => id), messages };
}

export class Offline {
  #resting = new Map(); // chats that have changed: id → {timer, store}

  constructor({ account, session }) {
    Object.assign(this, { account, session });
    this.pageFrom = document.documentElement.dataset.stored ?? null; // when the page in view was stored, if it was
  }

  /** The worker brings clicks on notifications. */
  async begin(open) {
    if (!navigator.serviceWorker) return;
    navigator.serviceWorker.addEventListener("message", ({ data }) => { if (data?.open?.startsWith("/c/")) open(data.open.slice("/c/".length)); });
    addEventListener("pagehide", () => this.#keepNow());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.#keepNow());
    await navigator.serviceWorker.register("/sw.js").catch(() => {}); // as in a window that keeps nothing
  }

  /** Whoever is connected is signed in. */
  connected() {
    markHere(this.account, this.session);
    for (const row of document.querySelectorAll(".conversation-row.away")) row.classList.remove("away");
    if (!navigator.serviceWorker) return;
    clearTimeout(this.later);
    this.later = setTimeout(() => this.#keepPage().catch(() => {}), PAUSE);
  }

  // ---- storing ------------------------------------------------------------------------------------------------

  /** Stores the chat when it has rested for a moment. */
  keep(conversation) {
    const { id, loaded, info, temporary } = conversation;
    if (id === null || !loaded || !info || temporary || !navigator.serviceWorker) return;
    clearTimeout(this.#resting.get(id)?.timer);
    const store = () => this.#store(conversation).catch(() => {}); // no room: it is read online
    this.#resting.set(id, { timer: setTimeout(store, REST), store });
  }

  #keepNow() {
    for (const { timer, store } of this.#resting.values()) { clearTimeout(timer); store(); }
  }

  async #store(conversation) {
    this.#resting.delete(conversation.id);
    const place = await placeOf(this.account);
    const address = CHATS + conversation.id;
    await place?.delete(address); // so that it is the last of them
    await place?.put(address, new Response(JSON.stringify(snapshotOf(conversation)), { headers: { "Content-Type": "application/json" } }));
    const all = (await place?.keys())?.filter(isChat) ?? [];
    for (const old of all.slice(0, Math.max(0, all.length - KEEP))) await place.delete(old);
  }

  async forget(id) {
    clearTimeout(this.#resting.get(id)?.timer);
    this.#resting.delete(id);
    await (await placeOf(this.account))?.delete(CHATS + id);
  }

  /** Once a day, and after each release: the page as it is for this person, with its files, and no chat that is gone. */
  async #keepPage() {
    if (!(await navigator.serviceWorker.getRegistration())) return; // nobody would show it
    const place = await placeOf(this.account);
    const old = await place?.match(PAGE);
    if (!place || (old?.headers.get("X-Echo-Release") === RELEASE && Date.now() - new Date(old.headers.get("X-Echo-Stored")) < DAY)) return;
    await keepFiles();
    const answer = await fetch("/", { cache: "no-store" });
    const text = await answer.text();
    if (!answer.ok || !text.includes(`<meta name="account" content="${this.account}">`)) return; // the session is another's, or nobody's
    const headers = { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": answer.headers.get("Content-Security-Policy"), "X-Echo-Release": RELEASE, "X-Echo-Stored": new Date().toISOString() };
    await (await placeOf(this.account))?.put(PAGE, new Response(text.replace("<html ", `<html data-stored="${headers["X-Echo-Stored"]}" `), { headers }));
    for (const id of await this.#ids()) if ((await fetch(`/api/conversations/${id}`)).status === 404) await this.forget(id);
  }

  // ---- reading ------------------------------------------------------------------------------------------------

  async #ids() {
    return ((await (await placeOf(this.account))?.keys()) ?? []).filter(isChat).map(({ url }) => new URL(url).pathname.slice(CHATS.length));
  }

  async #read(id) {
    return (await (await placeOf(this.account))?.match(CHATS + id))?.json() ?? null;
  }

  /** The chat as it was stored; false where it was not. */
  async show(conversation) {
    const { id } = conversation;
    const stored = id !== null && await this.#read(id).catch(() => null);
    if (stored && !conversation.loaded) conversation.openStored(stored);
    else if (id !== null && this.pageFrom) toast(AWAY);
    return conversation.storedAt !== null;
  }

  /** The list beside: every chat that is stored stands in it, and the others cannot be opened. */
  async list(sidebar) {
    const ids = await this.#ids();
    for (const id of ids) sidebar.draw((await this.#read(id)).conversation);
    for (const row of sidebar.root.querySelectorAll(".conversation-row")) row.classList.toggle("away", !ids.includes(row.dataset.id));
  }

  /** Says so where a chat is not stored. */
  async has(id) {
    if ((await this.#ids()).includes(id)) return true;
    toast(AWAY);
    return false;
  }
}

const isChat = ({ url }) => new URL(url).pathname.startsWith(CHATS);

/** All that this page has loaded of Echo's own files, out of the browser's cache. */
async function keepFiles() {
  const named = [...document.querySelectorAll("link[href], script[src]")].map((node) => node.href || node.src);
  const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
  const files = new Set([...named, ...loaded].filter((url) => url.startsWith(`${location.origin}/static/`)));
  const cache = await caches.open(`echo-static-${RELEASE}`);
  for (const { url } of await cache.keys()) files.delete(url);
  await Promise.all([...files].map((url) => cache.add(url)));
}
