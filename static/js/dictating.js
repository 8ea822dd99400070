// Dictating into the composer: what is said goes to the server in pieces, and its words appear at the caret. Sound is kept nowhere.

import { writtenDown } from "./hearing.js";
import { element, iconButton } from "./icons.js";
import { Microphone, whyNot } from "./microphone.js";
import { clock, gap } from "./speech_pieces.js";
import { t } from "./words.js";

const CONTEXT = 200; // characters before the caret that tell the model what it is about
const BARS = 5;

export class Dictating {
  /** over(): it has ended; hears(code): the language that is chosen, if any */
  constructor({ form, composer, announcer, hears, over }) {
    Object.assign(this, { form, composer, announcer, hears, over });
    this.words = []; // as they were put in
    this.asking = new AbortController();
    this.sending = Promise.resolve();
    this.pending = 0;
    this.keys = (event) => this.#key(event);
  }

  async begin() {
    this.#show();
    document.addEventListener("keydown", this.keys, true);
    try {
      const microphone = await Microphone.open({ piece: (blob) => this.#send(blob), level: (level, ms) => this.#level(level, ms), isBusy: () => this.pending > 0 });
      if (this.ended) return microphone.close({ keep: false });
      this.microphone = microphone;
      this.announcer.say(t("Listening"));
    } catch (error) {
      this.composer.showError(whyNot(error));
      this.#end();
    }
  }

  /** No more is listened to; what was said last still becomes words. */
  async finish() {
    if (!this.microphone) return this.cancel(); // while the browser still asks
    if (this.ended || this.finishing) return;
    this.finishing = true;
    this.strip.classList.add("writing");
    this.time.textContent = t("Writing…");
    await this.microphone.close();
    await this.sending;
    if (this.ended) return;
    this.announcer.say(this.words.length ? this.words.join(" ") : t("Nothing was heard"));
    if (!this.words.length && !this.failed) this.composer.showError(t("Nothing was heard. Speak a little closer to the microphone."));
    this.#end();
  }

  /** At once; what is written stays, what is being listened to is not waited for. */
  leave() {
    if (this.ended) return;
    this.asking.abort();
    this.microphone?.close({ keep: false });
    this.#end();
  }

  /** As if it had not begun: its words go, too. */
  cancel() {
    if (this.ended) return;
    const { field } = this.composer;
    for (const words of this.words.splice(0).reverse()) {
      const at = field.value.lastIndexOf(words);
      if (at >= 0) this.#put("", at, at + words.length);
    }
    this.announcer.say(t("Dictation cancelled"));
    this.leave();
  }

  // ---- words --------------------------------------------------------------------------------------------------

  #send(blob) {
    this.pending += 1;
    this.sending = this.sending.then(() => this.#ask(blob)).catch((error) => {
      if (error.name === "AbortError") return;
      this.failed = true;
      this.composer.showError(error.message);
    }).finally(() => { this.pending -= 1; });
  }

  async #ask(blob) {
    if (this.ended) return;
    const { field } = this.composer;
    const before = field.value.slice(0, field.selectionStart).slice(-CONTEXT);
    const text = await writtenDown(blob, { before, language: this.hears(), signal: this.asking.signal });
    if (text && !this.ended) this.#write(text);
  }

  #write(text) {
    const { field } = this.composer;
    const at = field.selectionStart;
    const words = gap(field.value.slice(0, at), text) + text;
    this.#put(words, at, field.selectionEnd);
    this.words.push(words);
  }

  #put(words, from, to) {
    const { field } = this.composer;
    field.setRangeText(words, from, to, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }

  // ---- what is seen -------------------------------------------------------------------------------------------

  #show() {
    this.bars = Array.from({ length: BARS }, () => element("i"));
    this.time = element("span", { class: "time" }, clock(0));
    this.strip = element("div", { class: "dictating", role: "group", "aria-label": t("Dictation") },
      element("span", { class: "level", "aria-hidden": "true" }, ...this.bars), this.time,
      iconButton("close", t("Cancel dictation"), () => { this.cancel(); this.composer.focus(); }));
    this.form.querySelector("#dictate").before(this.strip);
    this.form.classList.add("is-dictating");
  }

  #level(level, ms) {
    if (this.finishing) return;
    this.time.textContent = clock(ms);
    const loud = Math.min(1, Math.sqrt(level * 8));
    this.bars.forEach((bar, at) => bar.style.setProperty("--level", Math.max(0.15, loud * (1 - Math.abs(at - (BARS - 1) / 2) * 0.28)).toFixed(2)));
    if (ms > 600_000) this.finish(); // ten minutes
  }

  #key(event) {
    if (document.querySelector("dialog[open]") || event.isComposing) return;
    const isEnter = event.key === "Enter" && !event.shiftKey && event.target === this.composer.field;
    if (event.key !== "Escape" && !isEnter) return;
    event.preventDefault();
    event.stopPropagation();
    if (isEnter) this.finish();
    else this.cancel();
  }

  #end() {
    if (this.ended) return;
    this.ended = true;
    document.removeEventListener("keydown", this.keys, true);
    this.strip.remove();
    this.form.classList.remove("is-dictating");
    this.over();
  }
}
