// Several chats of the list are chosen: by boxes before their rows, Ctrl or Shift and a click, or a long press; a bar below the
// list holds what can be done with them. The sidebar keeps the rows.

import { orOffline, toast } from "./toasts.js";
import { n, t } from "./words.js";

const HOLD = 500; // ms that a finger rests on a row
const STILL = 10; // px that it may move meanwhile

/** The ids from one to another, whichever comes first; alone the other, where the one is not there. */
export function between(ids, from, to) {
  const ends = [ids.indexOf(from), ids.indexOf(to)];
  return ends.includes(-1) ? [to] : ids.slice(Math.min(...ends), Math.max(...ends) + 1);
}

export class Selection {
  /** on: {changed(conversation), tags(ids), folderItems(move)}; most: of one request */
  constructor({ root, bar, opener, sidebar, most, on }) {
    Object.assign(this, { root, bar, opener, sidebar, most, on, ids: new Set(), anchor: null, isOn: false });
    root.addEventListener("click", (event) => this.#click(event), { capture: true }); // before the row opens its chat
    root.addEventListener("dblclick", (event) => { if (this.isOn) event.stopPropagation(); }, { capture: true });
    document.body.addEventListener("keydown", (event) => this.#key(event)); // before the keys of the page, which stop an answer
    bar.addEventListener("click", (event) => this.#act(event.target.closest("[data-act]")));
    opener.addEventListener("click", () => (this.isOn ? this.leave() : this.begin()));
    new MutationObserver(() => this.#draw()).observe(root, { childList: true, subtree: true });
    this.#holding();
  }

  // ---- choosing -----------------------------------------------------------------------------------------------

  begin(id = null) {
    this.isOn = true;
    if (id) this.#choose([id], true);
    else this.#draw();
  }

  leave() {
    const refocus = this.bar.contains(document.activeElement);
    this.ids.clear();
    Object.assign(this, { isOn: false, anchor: null });
    this.#draw();
    if (refocus) this.opener.focus();
  }

  /** A chat is gone. */
  forget(id) {
    if (this.ids.delete(id)) this.#draw();
  }

  #click(event) {
    const row = event.target.closest(".conversation-row");
    const isRow = row && event.target.closest(".conversation-link, .row-check");
    if (!isRow || event.button || !(this.isOn || event.ctrlKey || event.metaKey || event.shiftKey)) return;
    event.stopPropagation();
    const { id } = row.dataset;
    const isBox = event.target.matches(".row-check");
    if (!isBox) event.preventDefault();
    if (event.shiftKey) return this.#choose(between(this.#shown(), this.anchor ?? this.sidebar.currentId, id), true, id);
    this.#choose([id], isBox ? event.target.checked : !this.ids.has(id));
  }

  #shown() {
    return [...this.root.querySelectorAll(".conversation-row")].filter((row) => row.offsetParent !== null).map((row) => row.dataset.id);
  }

  #choose(ids, chosen, anchor = ids.at(-1)) {
    for (const id of ids) {
      if (chosen && !this.sidebar.stateOf(id).others) this.ids.add(id);
      else this.ids.delete(id);
    }
    if (this.ids.size > this.most) {
      this.ids = new Set([...this.ids].slice(0, this.most));
      toast(n(this.most, "{count} chat at once is the most.", "{count} chats at once are the most."), { kind: "error" });
    }
    Object.assign(this, { anchor, isOn: true });
    this.#draw();
  }

  /** Escape ends it; a menu or a dialog in front takes its own. */
  #key(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !this.isOn || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.leave();
  }

  /** A finger that rests on a row chooses it; what the browser makes of that (a menu, a click) is not meant then. */
  #holding() {
    let held = null;
    const end = () => { clearTimeout(held?.timer); held = null; };
    this.root.addEventListener("pointerdown", (event) => {
      const id = event.pointerType === "touch" && event.target.closest(".conversation-link")?.closest(".conversation-row").dataset.id;
      if (!id || this.isOn) return;
      held = { x: event.clientX, y: event.clientY, timer: setTimeout(() => this.#held(id), HOLD) };
    });
    this.root.addEventListener("pointermove", (event) => { if (held && Math.hypot(event.clientX - held.x, event.clientY - held.y) > STILL) end(); });
    for (const name of ["pointerup", "pointercancel"]) this.root.addEventListener(name, end);
    this.root.addEventListener("contextmenu", (event) => { if (held) event.preventDefault(); });
  }

  #held(id) {
    const swallow = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };
    addEventListener("click", swallow, { capture: true, once: true });
    addEventListener("pointerup", () => setTimeout(() => removeEventListener("click", swallow, { capture: true }), 50), { once: true });
    navigator.vibrate?.(10);
    this.begin(id);
  }

  #draw() {
    this.root.classList.toggle("selecting", this.isOn);
    this.opener.setAttribute("aria-pressed", String(this.isOn));
    this.bar.hidden = !this.isOn;
    for (const box of this.root.querySelectorAll(".row-check")) box.checked = this.ids.has(box.closest(".conversation-row").dataset.id);
    if (!this.isOn) return;
    const said = this.ids.size ? n(this.ids.size, "{count} chat", "{count} chats") : t("Choose chats");
    const count = this.bar.querySelector(".select-count");
    if (count.textContent !== said) count.textContent = said;
    for (const button of this.bar.querySelectorAll(".select-acts button")) button.disabled = this.ids.size === 0;
    const label = this.areArchived() ? t("Unarchive") : t("Archive");
    const archive = this.bar.querySelector('[data-act="archive"]');
    archive.setAttribute("aria-label", label);
    archive.dataset.tip = label;
  }

  areArchived() {
    return this.ids.size > 0 && [...this.ids].every((id) => this.sidebar.stateOf(id).archived);
  }

  // ---- acts ---------------------------------------------------------------------------------------------------

  /** They are fetched when the first is wanted. */
  async #act(button) {
    if (!button) return;
    if (button.dataset.act === "leave") return this.leave();
    const { act } = await orOffline(import("./selection_acts.js"));
    act?.(this, button);
  }
}
