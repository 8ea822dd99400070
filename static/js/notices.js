// Tells of answers that end while nobody looks at Echo: by a number in the title and, where the person wished it, by a
// notification. Of several tabs one tells. It draws nothing but these and knows no message; who wishes it is asked by notice_offer.

import { setUnseen } from "./page_title.js";
import { firstWords } from "./plain_words.js";
import { preferences } from "./theme.js";
import { t } from "./words.js";

const LONG = 10_000; // from here on an answer is worth waiting for elsewhere
const TOLD = "echo.told";
const SEEN = "echo.seen"; // a lock that every visible tab holds
const BODIES = { failed: t("The answer failed."), interrupted: t("The answer was interrupted.") };

/** What a notification says of an answer; null: nothing, for whoever stopped it knows. */
export function bodyOf(row) {
  if (!row || row.role !== "assistant" || row.status === "stopped") return null;
  return BODIES[row.status] ?? (firstWords(row.text) || t("The answer is there."));
}

export class Notices {
  #live = new Map(); // conversation id → what waits for it to become long
  #count = 0;

  /** rows: of the list beside; current(): the chat in view; open(id); offer(): shows the offer, returns what takes it away */
  constructor({ rows, current, open, offer }) {
    Object.assign(this, { rows, current, open, offer });
    rows.addEventListener("htmx:afterSettle", () => this.#listed());
    this.#listed();
    document.addEventListener("visibilitychange", () => this.#looked());
    this.#looked();
  }

  /** conversation_changed, or a row of the list: whether an answer is being written there. */
  changed({ id, title, live, updated_at: mark }) {
    if (live && !this.#live.has(id)) this.#live.set(id, this.#waiting(id));
    else if (!live && this.#live.has(id)) return this.#ended({ id, title, mark });
    return null;
  }

  /** What happened while the connection was away stands in the list that is fetched then. */
  #listed() {
    for (const row of this.rows.querySelectorAll(".conversation-row")) {
      this.changed({ id: row.dataset.id, title: row.querySelector(".conversation-title")?.textContent, live: row.dataset.live === "1", updated_at: row.dataset.updated });
    }
  }

  #waiting(id) {
    const begun = { leave: null };
    begun.timer = setTimeout(() => { if (isVisible() && this.current().id === id && mayBeOffered()) begun.leave = this.offer(); }, LONG);
    return begun;
  }

  async #ended({ id, title, mark }) {
    const { timer, leave } = this.#live.get(id);
    this.#live.delete(id);
    clearTimeout(timer);
    leave?.();
    if (isVisible() || await isSeenElsewhere()) return;
    const body = bodyOf(await this.#newest(id).catch(() => null));
    if (body === null || isVisible()) return;
    this.#count += 1;
    setUnseen(this.#count);
    await once(`${id} ${mark}`, () => this.#notify(id, title, body));
  }

  /** The newest answer of a chat, in view or not. */
  async #newest(id) {
    const current = this.current();
    if (id === current.id) return current.store.path().findLast((row) => row.role === "assistant");
    const { messages } = await current.socket.request("open_conversation", { conversation_id: id });
    if (id !== this.current().id) current.socket.request("close_conversation", { conversation_id: id }).catch(() => {});
    return messages.at(-1);
  }

  async #notify(id, title, body) {
    if (preferences.notify !== "on" || globalThis.Notification?.permission !== "granted") return;
    const options = { body, tag: id, icon: document.querySelector('link[rel="icon"]')?.href, data: { path: `/c/${id}` } };
    try {
      const shown = new Notification(title, options);
      shown.onclick = () => { window.focus(); shown.close(); this.open(id); };
    } catch { // telephones show them by the service worker alone, which answers the click
      await (await navigator.serviceWorker?.getRegistration())?.showNotification(title, options);
    }
  }

  #looked() {
    if (isVisible()) {
      this.#count = 0;
      setUnseen(0);
      this.#hold();
    } else {
      this.letGo?.();
      this.letGo = null;
    }
  }

  #hold() {
    const granted = () => (isVisible() && !this.letGo ? new Promise((resolve) => { this.letGo = resolve; }) : null);
    navigator.locks?.request(SEEN, { mode: "shared" }, granted).catch(() => {});
  }
}

const isVisible = () => document.visibilityState === "visible";

const mayBeOffered = () => preferences.notify === "ask" && globalThis.Notification?.permission === "default";

/** Whether another tab of Echo is in view: that one says it in its own way. */
async function isSeenElsewhere() {
  const { held } = (await navigator.locks?.query()) ?? { held: [] };
  return held.some(({ name }) => name === SEEN);
}

/** Of the tabs that hear of the same end, the first one acts. */
async function once(mark, act) {
  if (!navigator.locks) return; // without them there are no notifications either
  await navigator.locks.request(TOLD, async () => {
    try {
      if (localStorage.getItem(TOLD) === mark) return;
      localStorage.setItem(TOLD, mark);
    } catch { /* each tab tells then: of the same tag one is shown */ }
    await act();
  });
}
