// Documents of the chat in view: picked, dropped or pasted, sent up with their progress, shown as chips above the field.
// It knows no message; the conversation keeps the list.

import { bytes } from "./format.js";
import { get, post, remove, RequestError } from "./http.js";
import { element, icon, iconButton } from "./icons.js";
import { isOthers } from "./people.js";
import { toast, toastError } from "./toasts.js";
import { t } from "./words.js";

const PASTE_CHARS = 4000; // from here on a pasted text is a document
const LOOK_MS = 700;
const LOOK_AT_MOST_MS = 5000;
const SLOWER = 1.3; // each time: most files are read in a second, and the person has other requests to make
const PICTURES = ["image/png", "image/jpeg", "image/webp", "image/gif"];

const isBusy = ({ status }) => ["sending", "waiting", "reading"].includes(status);

/** What a file cannot be attached for, in words; null where it may be. */
export function whyNot(file, { document_bytes: most }) {
  if (file.type.startsWith("image/") && !PICTURES.includes(file.type)) return t("“{name}” is a picture of another kind. Save it as PNG, JPEG, WebP or GIF.", file);
  if (file.size > most) return t("“{name}” is larger than {most}, the most that is read.", { name: file.name, most: bytes(most) });
  return file.size === 0 ? t("“{name}” is empty.", file) : null;
}

/** Looks after documents that are being read, whatever their chat: one request for all of them at a time. */
export class Watch {
  #chats = new Map(); // by document

  /** settled(conversation, one, isThere): it is ready, has failed or was taken out; isThere: false where it is deleted. */
  constructor(settled) {
    this.settled = settled;
  }

  add(conversation, one) {
    this.#chats.set(one, conversation);
    this.looking ??= this.#look().finally(() => { this.looking = null; });
  }

  async #look() {
    for (let pause = LOOK_MS, next; this.#chats.size; pause = next) {
      await new Promise((resolve) => { setTimeout(resolve, pause); });
      next = Math.min(pause * SLOWER, LOOK_AT_MOST_MS);
      try {
        await this.#ask();
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        if (error.status === 401) this.#chats.clear(); // signed out: the page says so
        next = Math.max(next, 1000 * error.retryAfter);
      }
    }
  }

  async #ask() {
    const { data } = await get("/api/documents"); // the newest ones
    for (const [one, conversation] of this.#chats) {
      const found = data.find(({ id }) => id === one.id) ?? await known(one.id);
      Object.assign(one, found);
      if (found && isBusy(one) && conversation.documents.includes(one)) continue;
      this.#chats.delete(one);
      this.settled(conversation, one, found !== null);
    }
  }
}

export class Attachments {
  /** conversation(): the one in view, whose `documents` are shown. */
  constructor({ root, button, input, shade, composer, limits, announcer, conversation, hasCollections }) {
    Object.assign(this, { root, button, input, composer, limits, announcer, conversation });
    this.pasted = 0;
    this.watch = new Watch((...told) => this.#settled(...told));
    button.addEventListener("click", () => hasCollections && !this.conversation().temporary ? this.#collections("offer") : input.click());
    if (hasCollections) button.setAttribute("aria-haspopup", "menu");
    if (/[?&](collection|document)=/.test(globalThis.location?.search)) this.#collections("begin"); // once the page has its chat
    input.addEventListener("change", () => { this.add([...input.files]); input.value = ""; });
    composer.field.addEventListener("paste", (event) => this.#paste(event));
    this.#wireDrop(shade);
  }

  /** Draws the chips of the conversation in view; what is typed waits for those that are not read yet. */
  draw() {
    const { documents, store, collections, folderCollections } = this.conversation();
    this.root.hidden = documents.length === 0;
    this.root.replaceChildren(...documents.map((one) => this.#chip(one)));
    if (collections?.length || folderCollections?.length) this.#collections("drawChips");
    this.composer.setWaiting(documents.some(isBusy) || store.isAsking);
    for (const one of documents) if (one.id && isBusy(one)) this.watch.add(this.conversation(), one);
  }

  /** Fetched by those who use one. */
  #collections(act) {
    import("./collections.js").then((module) => module[act](this)).catch(toastError);
  }

  add(files) {
    const { temporary, info } = this.conversation();
    if (temporary) return this.composer.showError(t("A temporary chat has no documents."));
    if (isOthers(info)) return this.composer.showError(t("Only whose chat it is puts documents into it."));
    for (const file of files) {
      const problem = whyNot(file, this.limits);
      if (problem) this.composer.showError(problem);
      else this.#send(file);
    }
  }

  // ---- sending ------------------------------------------------------------------------------------------------

  #send(file, name = file.name) {
    const conversation = this.conversation();
    const one = { name, status: "sending", progress: 0, ended: new AbortController() };
    conversation.documents.push(one);
    this.announcer.say(t("Attaching {name}", { name }));
    this.draw();
    this.#upload(file, conversation, one);
    return one;
  }

  async #upload(file, conversation, one) {
    const told = (progress) => { one.progress = progress; this.#progress(one); };
    try {
      const { attach } = await import("./uploads.js").catch(() => { throw new Error(t("no connection.")); });
      Object.assign(one, await attach(file, one, conversation, told));
    } catch (error) {
      if (this.#drop(conversation, one)) this.composer.showError(t("“{name}” was not attached: {why}", { name: one.name, why: error.message }));
    }
    this.#drawn(conversation);
  }

  #settled(conversation, one, isThere) {
    if (!isThere) this.#drop(conversation, one);
    if (one.status === "failed") this.announcer.say(t("{name}: {state}", { name: one.name, state: one.error }));
    this.#drawn(conversation);
  }

  #drawn(conversation) {
    if (conversation === this.conversation()) this.draw();
  }

  #drop(conversation, one) {
    const at = conversation.documents.indexOf(one);
    if (at >= 0) conversation.documents.splice(at, 1);
    return at >= 0;
  }

  // ---- chips --------------------------------------------------------------------------------------------------

  #chip(one) {
    const state = { sending: t("Sending…"), waiting: t("Waiting…"), reading: t("Reading…"), failed: one.error }[one.status] ?? "";
    const own = !isOthers(this.conversation().info);
    const name = own && one.status === "ready" ? element("a", { class: "name", href: `/documents/${one.id}`, target: "_blank", dir: "auto" }, one.name) : element("span", { class: "name", dir: "auto" }, one.name);
    one.bar = isBusy(one) ? element("progress", { max: 1, value: one.status === "sending" ? one.progress : null, "aria-label": t("{name}: {state}", { name: one.name, state }) }) : null;
    const chip = element("li", { class: `attachment ${one.status}` }, icon(one.status === "failed" ? "alert" : "file"), name,
      state && element("span", { class: "state" }, state), one.bar, own && iconButton("close", t("Take {name} out of this chat", one), () => this.#takeOut(one), { "data-tip": t("Take out of this chat"), "data-tip-side": "end" }));
    if (own && one.picture) import("./picture_chip.js").then(({ dress }) => dress(chip, one, this), () => {}); // a plain chip has its name, too
    return chip;
  }

  #progress(one) {
    if (one.bar && one.progress < 1) one.bar.value = one.progress;
  }

  async #takeOut(one) {
    const conversation = this.conversation();
    one.ended?.abort();
    this.#drop(conversation, one);
    this.draw();
    this.composer.focus();
    if (!one.id) return;
    try {
      if (conversation.id === null) await remove(`/api/documents/${one.id}`);
      else await remove(`/api/conversations/${conversation.id}/documents/${one.id}`);
      toast(t("“{name}” is out of this chat.", one), { action: { label: t("Undo"), run: () => this.#putBack(conversation, one) } });
    } catch (error) {
      this.composer.showError(error.message);
      conversation.documents.push(one);
      this.#drawn(conversation);
    }
  }

  async #putBack(conversation, one) {
    try {
      if (conversation.id === null) await post(`/api/documents/${one.id}/restore`);
      else await post(`/api/conversations/${conversation.id}/documents`, { document_id: one.id });
      conversation.documents.push(one);
      this.#drawn(conversation);
    } catch (error) {
      toastError(error);
    }
  }

  // ---- ways in ------------------------------------------------------------------------------------------------

  #paste(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const isRich = text.trim() && event.clipboardData.types.includes("text/html"); // an office's program adds a picture of it
    const files = isRich ? [] : [...(event.clipboardData?.files ?? [])];
    if (!files.length && (text.length <= PASTE_CHARS || this.#takesNone())) return;
    event.preventDefault();
    if (text.length <= PASTE_CHARS) return this.add(files);
    this.pasted += 1;
    const one = this.#send(new File([text], "text.txt", { type: "text/plain" }), t("Pasted text {number}.txt", { number: this.pasted }));
    toast(t("The long text is attached as a document."), { action: { label: t("Put it into the message"), run: () => this.#intoField(one, text) } });
  }

  #takesNone() {
    const { temporary, info } = this.conversation();
    return temporary || isOthers(info);
  }

  #intoField(one, text) {
    const { field } = this.composer;
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input"));
    this.#takeOut(one);
  }

  #wireDrop(shade) {
    const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
    const show = (shown) => { shade.hidden = !shown; };
    addEventListener("dragenter", (event) => holdsFiles(event) && show(true));
    addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
    addEventListener("dragleave", (event) => event.relatedTarget === null && show(false));
    addEventListener("drop", (event) => {
      show(false);
      if (!holdsFiles(event)) return;
      event.preventDefault();
      this.add([...event.dataTransfer.files]);
    });
  }
}

/** A document as it is now; null where it is no more. */
function known(id) {
  return get(`/api/documents/${id}`).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
}
