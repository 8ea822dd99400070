// The field at the bottom: grows, counts, keeps drafts, sends; its button becomes Stop, or has one beside it. What is sent while
// an answer streams waits visibly above it. It knows nothing of the socket.

import { count } from "./format.js";
import { element, iconButton, touch } from "./icons.js";
import { n, t } from "./words.js";

export class Composer {
  /** on: {send(text), stop(), editLast(), changed(text), key(event): whether it was meant for somebody else}; limits: {message_chars} */
  constructor({ form, drafts, limits, on, sendKey }) {
    Object.assign(this, { form, drafts, limits, on, sendKey });
    this.field = form.querySelector("textarea");
    this.button = form.querySelector(".send");
    this.stop = form.querySelector(".stop"); // beside it, while it sends what is typed under a live answer
    this.counter = form.querySelector(".composer-count");
    this.outboxNode = document.getElementById("outbox");
    this.errorNode = document.getElementById("composer-error");
    this.outbox = [];
    Object.assign(this, { live: false, mayStop: true });
    this.waiting = false;
    this.blocked = null;
    this.conversationId = null;
    form.addEventListener("submit", (event) => { event.preventDefault(); this.#pressed(); });
    this.stop.addEventListener("click", () => this.#stop());
    this.field.addEventListener("input", () => this.#typed());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    form.addEventListener("pointerdown", (event) => { if (event.target === form) { event.preventDefault(); this.field.focus(); } });
    addEventListener("resize", () => this.fit());
  }

  get text() {
    return this.field.value;
  }

  open(conversationId, unsent = []) {
    const early = this.opened ? "" : this.field.value; // typed while the page was loading
    this.dictation?.leave();
    this.handsFree?.leave();
    if (this.opened) this.saveNow(unsent); // at first the empty field is nobody's draft
    this.opened = true;
    this.conversationId = conversationId;
    this.outbox = [];
    this.setText([this.drafts.load(conversationId), early].filter(Boolean).join("\n"));
    this.hideError();
    this.#drawOutbox();
  }

  /** What could not be sent: into the field where its chat is in view, else into its draft. */
  giveBack(id, text) {
    const joined = (before) => [before, text].filter(Boolean).join("\n");
    if (id === this.conversationId) this.setText(joined(this.text));
    else this.drafts.save(id, joined(this.drafts.load(id)));
  }

  /** What was typed in a chat that is gone goes on in a new one; says whether there was anything. */
  rescue(id) {
    const text = this.drafts.load(id);
    this.drafts.clear(id);
    if (text) this.giveBack(null, text);
    return text !== "";
  }

  /** The new chat got its name: the draft follows. */
  adopt(conversationId) {
    this.drafts.move(this.conversationId, conversationId);
    this.conversationId = conversationId;
  }

  setText(text) {
    this.field.value = text;
    this.#changed();
  }

  focus({ evenOnTouch = false } = {}) {
    if (touch() && !evenOnTouch) return;
    this.field.focus({ preventScroll: true });
  }

  /** mayStop: not where somebody else has asked for the answer */
  setLive(live, mayStop = true) {
    if (this.live === live && this.mayStop === mayStop) return;
    Object.assign(this, { live, mayStop });
    this.#button();
    this.flush();
  }

  /** What is sent meanwhile waits above the field: documents are being read that it is about. */
  setWaiting(waiting) {
    this.waiting = waiting;
    this.flush();
  }

  /** Why nothing can be sent now, or null; what is typed and what waits stays where it is. */
  setBlocked(reason) {
    this.blocked = reason;
    if (reason === null) this.hideError();
    this.#button();
    this.flush();
  }

  // ---- typing and keys ----------------------------------------------------------------------------------------

  #typed() {
    this.#changed();
    this.hideError();
    clearTimeout(this.saveLater);
    this.saveLater = setTimeout(() => this.#saveDraft(), 250);
  }

  #changed() {
    this.fit();
    this.#button();
    this.#count();
    this.on.changed?.(this.field.value);
  }

  #saveDraft() {
    clearTimeout(this.saveLater);
    this.drafts.save(this.conversationId, this.field.value);
  }

  /** Leaving: what waits in the outbox becomes draft again. */
  saveNow(unsent = []) {
    clearTimeout(this.saveLater);
    this.drafts.save(this.conversationId, [...unsent, ...this.outbox, this.field.value].filter(Boolean).join("\n"));
  }

  fit() {
    const { field } = this;
    field.style.height = "24px";
    const limit = Math.max(96, innerHeight * 0.4);
    field.style.height = `${Math.min(limit, field.scrollHeight)}px`;
    field.style.overflowY = field.scrollHeight > limit ? "auto" : "hidden";
  }

  #count() {
    const left = this.limits.message_chars - [...this.field.value].length;
    this.counter.hidden = left > this.limits.message_chars * 0.1;
    this.counter.textContent = left >= 0 ? t("{count} left", { count: count(left) }) : t("{count} too many", { count: count(-left) });
    this.counter.classList.toggle("over", left < 0);
  }

  #key(event) {
    if (this.on.key?.(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      const wantsCtrl = this.sendKey() === "ctrl-enter";
      const ctrl = event.ctrlKey || event.metaKey;
      if (wantsCtrl !== ctrl && !ctrl) return;
      if (touch() && !ctrl) return; // on a touch keyboard Enter breaks the line
      event.preventDefault();
      this.#submit();
    } else if (event.key === "ArrowUp" && !this.field.value && !event.shiftKey) {
      if (this.on.editLast()) event.preventDefault();
    }
  }

  // ---- sending ------------------------------------------------------------------------------------------------

  #pressed() {
    if (this.live && this.mayStop && !this.field.value.trim()) this.#stop();
    else this.#submit();
  }

  /** Its button can do nothing more, or goes. */
  #stop() {
    this.focus();
    this.on.stop();
  }

  #submit() {
    const text = this.field.value.trim();
    if (!text) return;
    if ([...text].length > this.limits.message_chars) {
      return this.showError(n(this.limits.message_chars, "That is too long: {count} character is the most.", "That is too long: {count} characters are the most."));
    }
    if (this.blocked) return this.showError(this.blocked);
    this.field.value = "";
    this.drafts.clear(this.conversationId);
    this.hideError();
    const later = this.live || this.waiting;
    if (later) this.outbox.push(text);
    this.#changed();
    this.#drawOutbox();
    if (!later) this.on.send(text);
  }

  /** A suggestion takes the place of what was typed to find it: sent, or kept in the field while nothing can be sent. */
  sendNow(text) {
    this.setText(text);
    this.#submit();
  }

  /** The next waiting message goes, unless there is still something to wait for. */
  flush() {
    if (this.blocked || this.live || this.waiting) return;
    const text = this.outbox.shift();
    this.#drawOutbox();
    if (text !== undefined) this.on.send(text);
  }

  #drawOutbox() {
    this.outboxNode.hidden = this.outbox.length === 0;
    this.outboxNode.replaceChildren(...this.outbox.map((text, index) => element("li", {},
      element("span", { class: "faint" }, t("Next:")), element("span", { class: "text", dir: "auto" }, text),
      iconButton("edit", t("Put back into the field"), () => { this.#dropWaiting(index); this.setText([this.field.value, text].filter(Boolean).join("\n")); this.focus(); }),
      iconButton("close", t("Do not send"), () => this.#dropWaiting(index), { "data-tip-side": "end" }))));
  }

  #dropWaiting(index) {
    this.outbox.splice(index, 1);
    this.#drawOutbox();
  }

  // ---- what it shows ------------------------------------------------------------------------------------------

  #button() {
    const typed = this.field.value.trim() !== "";
    const may = this.live && this.mayStop;
    const stop = may && !typed;
    this.stop.hidden = !may || !typed;
    const label = stop ? t("Stop") : this.blocked ?? (this.live ? t("Send after this answer") : t("Send"));
    this.button.dataset.mode = stop ? "stop" : "send";
    this.button.disabled = !stop && !typed;
    this.button.classList.toggle("blocked", !stop && this.blocked !== null);
    if (!stop && this.blocked) this.button.dataset.tip = t("Used up for today");
    else delete this.button.dataset.tip;
    if (this.button.getAttribute("aria-label") !== label) this.button.setAttribute("aria-label", label);
  }

  showError(text, seconds = 0) {
    clearTimeout(this.errorTimer);
    const until = Date.now() + seconds * 1000;
    const draw = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      this.errorNode.textContent = seconds > 0 && left > 0 ? t("{text} Again in {count} s.", { text, count: left }) : text;
      if (seconds > 0 && left > 0) this.errorTimer = setTimeout(draw, 500);
      else if (seconds > 0) this.hideError();
    };
    this.errorNode.hidden = false;
    draw();
  }

  hideError() {
    clearTimeout(this.errorTimer);
    this.errorNode.hidden = true;
  }
}
