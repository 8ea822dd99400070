// One message as DOM: its body, how it ended, its actions. It changes only what differs and asks `acts` for everything else.

import { countDown } from "./count_down.js";
import { element, icon, iconButton } from "./icons.js";
import { ago, fullTime, queuePlace, replyStats } from "./format.js";
import { guardNotes } from "./guard_note.js";
import { openMenu } from "./menu.js";
import { paintMarkdown, placeCaret, removeCaret } from "./markdown.js";
import { answerStart, saysNothing } from "./markdown_more.js";
import { LIVE } from "./message_store.js";
import { pictureOf } from "./personas.js";
import { said } from "./server_words.js";
import { sourcesNode } from "./sources.js";
import { stepNode } from "./steps.js";
import { orOffline } from "./toasts.js";
import { t } from "./words.js";

const ENDINGS = {
  stopped: { text: t("You stopped this answer."), sign: "stop" },
  interrupted: { text: t("This answer was interrupted."), sign: "alert" },
  failed: { text: t("This answer failed."), sign: "alert" },
};

export class MessageView {
  constructor(row, acts) {
    this.acts = acts;
    this.body = element("div", { class: "message-body" });
    if (row.role === "user") this.body.dir = "auto";
    this.tail = element("div", { class: "message-tail" });
    this.actions = element("div", { class: "message-actions", role: "group" });
    this.author = element("p", { class: "message-author", hidden: true });
    this.node = element("article", { class: `message ${row.role}` }, this.author, this.body, this.tail, this.actions);
    this.node.view = this;
    this.frame = 0;
    this.update(row);
  }

  /** row is live data: the store changes it in place, so what was shown is remembered here. */
  update(row) {
    this.row = row;
    this.node.dataset.id = row.id;
    const live = row.role === "assistant" && LIVE.has(row.status);
    this.node.classList.toggle("live", live);
    this.node.classList.toggle("pending", row.status === "pending");
    this.node.classList.toggle("refused", row.status === "refused");
    this.node.setAttribute("aria-label", row.role === "user" ? this.acts.asker(row) || t("You") : this.acts.speaker());
    this.node.setAttribute("aria-busy", String(live));
    this.#sign();
    this.#steps();
    if (row.role === "user") this.#paintQuestion();
    else if (live) this.#paintSoon();
    else this.#paint();
    this.#tail(live);
    this.#actions(live);
  }

  /** Who wrote it, where that is a persona or several models could have; who asked, where that is somebody else. */
  #sign() {
    const [name, persona] = this.row.role === "assistant" ? this.acts.author(this.row) : [this.acts.asker(this.row) || ""];
    const signed = name + persona?.picture;
    this.author.hidden = !name;
    if (this.signed !== signed) this.author.replaceChildren(persona ? pictureOf(persona) : "", name);
    this.signed = signed;
  }

  /** What was computed for it; while it is written there may come more, below those that are open already. */
  #steps() {
    const steps = this.row.steps ?? [];
    if (!this.steps && steps.length) this.author.after(this.steps = element("div", { class: "steps" }));
    if (this.steps) this.steps.append(...steps.slice(this.steps.childElementCount).map(stepNode));
  }

  #paintQuestion() {
    if (this.shown !== this.row.text) this.body.textContent = this.row.text; // never as HTML
    this.shown = this.row.text;
  }

  #paintSoon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.acts.ours(() => this.#paint());
    });
  }

  #paint() {
    const live = LIVE.has(this.row.status);
    if (live && !this.row.text) return this.#thinking();
    this.thinking?.remove();
    this.thinking = null;
    this.prose ??= this.body.appendChild(element("div", { class: "md" }));
    if (this.shown !== this.row.text || this.shownLive !== live) {
      removeCaret(this.prose);
      paintMarkdown(this.prose, this.row.text, { live });
      if (live) placeCaret(this.prose);
    }
    this.shown = this.row.text;
    this.shownLive = live;
  }

  repaint() {
    this.shown = null;
    if (this.row.role === "assistant") this.#paint();
  }

  #thinking() {
    if (!this.thinking) {
      this.thinking = element("div", { class: "thinking" }, element("span", { class: "dot" }), element("span", { class: "place" }));
      this.prose?.remove();
      this.prose = null;
      this.body.append(this.thinking);
    }
    const text = this.acts.loading(this.row) || queuePlace(this.row.position, this.row.eta);
    const place = this.thinking.querySelector(".place");
    if (place.textContent !== text) place.textContent = text;
  }

  // ---- how it ended -------------------------------------------------------------------------------------------

  #tail(live) {
    const { row } = this;
    const nothing = row.role === "assistant" && !live && saysNothing(row.text);
    const state = [this.acts.isStored(), row.waiting, row.status, row.error?.text, row.finish_reason, row.edited_at, live, nothing, row.sources?.length, JSON.stringify(row.guard), live || row.text].join("|");
    if (state === this.tailState) return;
    this.tailState = state;
    this.tail.replaceChildren();
    const facts = [row.role === "assistant" && !live && sourcesNode(row), row.edited_at && edited(row.edited_at), ...(live ? [] : guardNotes(row, this.acts))];
    this.tail.append(...facts.filter(Boolean));
    if (row.status === "refused") this.tail.append(this.#refusal());
    else if (row.waiting) this.tail.append(this.#waits());
    else if (row.role === "assistant" && ENDINGS[row.status]) this.tail.append(this.#ending(nothing));
    else if (row.role === "assistant" && row.status === "complete" && row.finish_reason === "length") this.tail.append(this.#note("cut", "info", t("Echo reached the longest answer that is set for this chat."), this.#continue()));
    else if (nothing && row.status === "complete" && !row.guard) this.tail.append(this.#note("empty", "info", t("The model gave no answer."), this.#retry()));
  }

  /** Without a connection: while the server cannot have it, it may still be changed or dropped. */
  #waits() {
    const { row, acts } = this;
    if (row.waiting === "tried") return element("div", { class: "waits" }, icon("clock"), element("span", {}, t("Waits for a connection. Echo may have it already; it is asked once.")));
    return element("div", { class: "waits" }, icon("clock"), element("span", {}, t("Waits for a connection.")),
      element("button", { type: "button", class: "button small", onclick: () => acts.takeBack(row) }, t("Edit")),
      element("button", { type: "button", class: "button small quiet", onclick: () => acts.drop(row) }, t("Do not send")));
  }

  #refusal() {
    const { row, acts } = this;
    const text = element("span", {}, row.error?.text ?? t("This was not sent."));
    const retry = element("button", { type: "button", class: "button small", onclick: () => acts.retry(row.client_id) }, icon("again"), element("span", {}, t("Try again")));
    const drop = row.tried ? "" : element("button", { type: "button", class: "button small quiet", onclick: () => acts.takeBack(row) }, t("Take back")); // Echo may have it
    if (row.error?.retryAfter > 0) countDown(retry, row.error.retryAfter);
    return element("div", { class: "refusal", role: "alert" }, icon("alert"), text, row.error?.code === "too_long" ? "" : retry, drop);
  }

  #ending(nothing) {
    const { row } = this;
    const { sign, ...known } = ENDINGS[row.status];
    const text = row.status === "stopped" && !this.acts.rights(row).rate ? t("This answer was stopped.") : known.text;
    return this.#note(row.status, sign, row.error?.text ? said(row.error.text) : text, row.error?.code === "too_long" ? "" : row.status === "failed" || (nothing && answerStart(row.text) === 0) ? this.#retry() : this.#continue());
  }

  #note(kind, sign, text, act) {
    return element("div", { class: `ending ${kind}` }, icon(sign), element("span", {}, text), !this.acts.isStored() && act);
  }

  #retry() {
    return this.acts.rights(this.row).again && element("button", { type: "button", class: "button small", onclick: () => this.acts.regenerate(this.row.id) }, t("Retry"));
  }

  #continue() {
    if (!this.acts.isKept() || !this.acts.rights(this.row).continue) return this.#retry();
    return element("button", { type: "button", class: "button small", onclick: () => this.acts.continue(this.row.id) }, t("Continue"));
  }

  // ---- actions ------------------------------------------------------------------------------------------------

  #actions(live) {
    const { row, acts } = this;
    const may = acts.rights(row);
    const state = [JSON.stringify(may), acts.isStored(), row.id, live, row.siblings?.join(), row.versions?.count, row.rating, row.status, row.tokens?.completion, row.local, live && row.text !== ""].join("|");
    if (state === this.actionState) return;
    this.actionState = state;
    const focused = this.actions.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    this.actions.replaceChildren();
    this.actions.setAttribute("aria-label", row.role === "user" ? t("Your message") : t("Answer"));
    if (row.local) return;
    if (live) {
      if (row.text) this.actions.append(this.#reader()); // nothing else before it is finished
      return;
    }
    const copy = iconButton("copy", t("Copy"), () => acts.copy(row, copy));
    const edit = may.edit ? iconButton("edit", t("Edit"), () => this.edit(), { "data-act": "edit" }) : "";
    if (acts.isStored()) this.actions.append(copy, ...this.#info());
    else if (!acts.isKept()) this.actions.append(copy, ...(row.role === "user" ? [] : [this.#reader(), this.#again(), ...this.#info()]));
    else if (row.role === "user") this.actions.append(copy, edit, ...this.#branches());
    else this.actions.append(copy, edit, ...this.#answerActions(may), ...this.#branches(), ...this.#info());
    if (row.created_at) this.actions.append(when(row.created_at));
    if (focused) [...this.actions.querySelectorAll("button")].find((item) => item.getAttribute("aria-label") === focused)?.focus();
  }

  #answerActions(may) {
    const { row, acts } = this;
    const rated = (value) => ({ "aria-pressed": String(row.rating === value), class: `icon-button ${row.rating === value ? "rated" : ""}` });
    const thumbs = () => [iconButton("up-thumb", t("Good answer"), () => this.#rateUp(), rated(1)), iconButton("down-thumb", t("Bad answer"), () => this.#rateDown(), rated(-1))];
    return [...(may.again ? [this.#again()] : []), ...(may.rate ? thumbs() : []), this.#reader()];
  }

  #reader() {
    this.reader ??= iconButton("sound", t("Read aloud"), () => this.acts.read(this.row), { class: "icon-button needs-voice" });
    return this.reader;
  }

  /** Its button says what it will do next. */
  showReading(isRead) {
    const label = isRead ? t("Stop reading") : t("Read aloud");
    const button = this.#reader();
    button.setAttribute("aria-label", label);
    button.dataset.tip = label;
    button.querySelector("use").setAttribute("href", isRead ? "#i-stop" : "#i-sound");
  }

  /** At once where one model is there, else a menu: the same one again, or another. */
  #again() {
    const { row, acts } = this;
    const others = acts.others(row);
    const again = () => acts.regenerate(row.id);
    if (!others.length) return iconButton("again", t("Regenerate"), again);
    const items = [{ label: t("Try again"), icon: "again", run: again }, "line", ...others.map(({ name, title, hint }) => ({ label: t("With {title}", { title }), hint, icon: "spark", run: () => acts.regenerate(row.id, name) }))];
    const button = iconButton("again", t("Regenerate"), () => openMenu(button, items, t("Regenerate")), { "aria-haspopup": "menu", "aria-expanded": "false" });
    return button;
  }

  #rateUp() {
    const { row, acts } = this;
    acts.still(() => this.#closeReasons());
    acts.rate(row.id, row.rating === 1 ? 0 : 1);
  }

  #closeReasons() {
    this.node.querySelector(".rating-panel")?.remove();
    this.node.classList.remove("keep");
  }

  async #rateDown() {
    const { row, acts } = this;
    this.#closeReasons();
    const again = row.rating === -1;
    const saved = acts.rate(row.id, again ? 0 : -1);
    if (again) return;
    this.node.classList.add("keep");
    const { ratingPanel } = await orOffline(import("./rating.js"));
    if (!ratingPanel || !this.node.classList.contains("keep")) return this.node.classList.remove("keep"); // or it was taken back meanwhile
    const panel = ratingPanel(acts.ratingReasons, (more) => acts.rate(row.id, -1, more), () => this.actions.querySelector(".rated"), () => this.node.classList.remove("keep"));
    acts.still(() => { this.node.querySelector(".rating-panel")?.remove(); this.node.append(panel); });
    await saved;
  }

  #branches() {
    const { row, acts } = this;
    const { siblings: all = [], versions: { first = 1, count = all.length } = {} } = row;
    if (all.length < 2) return [];
    const at = all.indexOf(row.id);
    const to = (step, sign, label) => iconButton(sign, label, () => acts.select(row, all[at + step]), { disabled: all[at + step] === undefined });
    return [element("span", { class: "branches" }, to(-1, "left", t("Previous version")), element("span", { class: "count" }, `${at + first}/${count}`), to(1, "right", t("Next version")))];
  }

  #info() {
    const { row } = this;
    const text = [row.model && t("Written by {model}", row), replyStats(row), row.created_at && fullTime(row.created_at)].filter(Boolean).join("\n");
    if (!text) return [];
    return [iconButton("info", t("About this answer"), () => this.acts.tell(text), { "data-tip": text, "aria-label": t("About this answer: {text}", { text }) })];
  }

  // ---- edit in place ------------------------------------------------------------------------------------------

  async edit(text = this.unsent ?? this.row.text) {
    if (this.node.classList.contains("editing")) return;
    this.node.classList.add("editing"); // also while its code comes
    const { editForm } = await orOffline(import("./edit_form.js"));
    if (!editForm) return this.node.classList.remove("editing");
    const { row, acts } = this;
    const close = (written = row.text) => {
      this.unsent = written === row.text ? null : written; // opens with it again
      form.replaceWith(this.body);
      this.node.classList.remove("editing");
      this.actions.querySelector('[data-act="edit"]')?.focus();
    };
    const changed = (act) => (written) => written !== row.text && act(row.id, written);
    const sendAgain = row.role === "user" ? changed(acts.edit) : null;
    const { form, fit, focus } = editForm({ text, original: row.original_text, save: changed(acts.save), sendAgain, close });
    acts.still(() => { this.body.replaceWith(form); fit(); });
    focus();
  }
}

/** "Edited 5 min ago", whose time goes on being told, wherever a language puts it. */
function edited(iso) {
  const [before, after] = t("Edited {time}").split("{time}");
  return element("p", { class: "edited" }, before, when(iso), after);
}

const when = (iso) => element("time", { datetime: iso, "data-ago": true, title: fullTime(iso) }, ago(new Date(iso)));
