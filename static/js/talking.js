// Talking hands-free: listens, sends what was said after a pause, has the answer read aloud while it is written, and listens again.
// Whoever speaks meanwhile interrupts the reading; the answer goes on being written. Sound is kept nowhere.

import { writtenDown } from "./hearing.js";
import { element } from "./icons.js";
import { Microphone, whyNot } from "./microphone.js";
import { SpeechPieces } from "./speech_pieces.js";
import { t } from "./words.js";

const PAUSE = 1200; // ms of quiet that end a question
const INTERRUPTS = 300; // ms of speech while an answer is read
const FORGETS = 2000; // ms: of what is heard while an answer is read no more is kept
const NOBODY = 300_000; // ms without a word, after which the microphone is let go
const BARS = 5;

export class Talking {
  /** conversation(): the one in view; hears(): the language that is chosen, if any; over(): it has ended */
  constructor({ form, composer, speaking, conversation, hears, over }) {
    Object.assign(this, { form, composer, speaking, conversation, hears, over });
    this.state = "listening"; // "waiting" for an answer, "reading" it
    this.words = []; // of the question so far
    this.isOpen = false; // a question was begun, and no pause has ended it
    this.asking = new AbortController();
    this.sending = Promise.resolve();
    this.quietSince = 0;
    this.keys = (event) => this.#key(event);
  }

  async begin() {
    this.speaking.stop(); // else it would be written down
    this.composer.hideError();
    this.#show();
    document.addEventListener("keydown", this.keys, true);
    this.pieces = new SpeechPieces({ pause: PAUSE, shortest: 0 });
    const on = { piece: (blob, isWhole) => this.#piece(blob, isWhole), level: (level, ms) => this.#look(level, ms), isBusy: () => false };
    try {
      const microphone = await Microphone.open(on, this.pieces);
      if (this.ended) return microphone.close({ keep: false });
      this.microphone = microphone;
      this.#say(t("Listening. Speak, then pause."));
    } catch (error) {
      this.composer.showError(whyNot(error));
      this.leave();
    }
  }

  /** At once: what is read stops, what was not sent is gone. */
  leave() {
    if (this.ended) return;
    this.ended = true;
    this.asking.abort();
    this.speaking.stop();
    this.microphone?.close({ keep: false });
    document.removeEventListener("keydown", this.keys, true);
    this.strip.remove();
    this.over();
  }

  // ---- what is said -------------------------------------------------------------------------------------------

  #piece(blob, isWhole) {
    if (this.ended || this.state !== "listening") return; // a cough while the answer is awaited, or Echo's own voice
    this.isOpen = !isWhole;
    this.#say(t("Writing down what you said…"));
    this.#then(async () => {
      const text = await writtenDown(blob, { before: this.words.join(" "), language: this.hears(), signal: this.asking.signal });
      if (text) this.words.push(text);
    });
    if (isWhole) this.#then(() => this.#ask());
  }

  /** One after the other; what fails is told, and listening goes on. */
  #then(act) {
    this.sending = this.sending.then(() => (this.ended ? null : act())).catch((error) => {
      if (error.name === "AbortError") return;
      this.words = [];
      this.composer.showError(error.message);
      if (this.state === "listening") this.#listen();
    });
  }

  /** What stands in the field stays there: it is sent beside it. */
  #ask() {
    const question = this.words.splice(0).join(" ");
    if (this.state !== "listening") return;
    if (!question) return this.#listen(t("Nothing was heard. Listening."));
    const draft = this.composer.text;
    this.before = this.#answer()?.key;
    this.state = "waiting";
    this.composer.sendNow(question);
    if (this.composer.text) return this.leave(); // it was refused, and says why
    this.composer.setText(draft);
    this.#say(t("Waiting for the answer"));
  }

  // ---- what is heard and read ---------------------------------------------------------------------------------

  #answer() {
    return this.conversation().store.path().findLast((row) => row.role === "assistant");
  }

  /** Twenty times a second. */
  #look(level, ms) {
    this.#draw(level);
    if (this.ended || !this.microphone) return;
    if (this.pieces.hasSpeech || this.state !== "listening") this.quietSince = ms;
    if (ms - this.quietSince > NOBODY) return this.leave();
    if (this.isOpen && !this.pieces.hasSpeech && this.pieces.isPause) {
      this.isOpen = false;
      this.#then(() => this.#ask());
    }
    if (this.state === "waiting") this.#readWhenThere();
    else if (this.state === "reading") this.#whileReading();
  }

  #readWhenThere() {
    const row = this.#answer();
    if (!row || row.key === this.before || row.local) return;
    this.state = "reading";
    this.speaking.toggle(row);
    this.microphone.restart();
    this.#say(t("Reading the answer. Speak to interrupt."));
  }

  #whileReading() {
    if (this.speaking.key === null) {
      this.microphone.restart();
      this.#listen();
    } else if (this.pieces.run >= INTERRUPTS) {
      this.state = "listening"; // before it stops: what is being recorded is a question
      this.speaking.stop();
      this.#say(t("Listening. Speak, then pause."));
    } else if (this.pieces.length >= FORGETS && this.pieces.run === 0) {
      this.microphone.restart();
    }
  }

  #listen(words = t("Listening. Speak, then pause.")) {
    this.state = "listening";
    this.#say(words);
  }

  // ---- what is seen -------------------------------------------------------------------------------------------

  #show() {
    this.bars = Array.from({ length: BARS }, () => element("i"));
    this.told = element("span", { class: "told", role: "status", "aria-live": "polite" });
    this.strip = element("div", { class: "talking", role: "group", "aria-label": t("Talking hands-free") },
      element("span", { class: "level", "aria-hidden": "true" }, ...this.bars), this.told);
    this.form.before(this.strip);
  }

  #say(text) {
    if (this.told.textContent !== text) this.told.textContent = text;
  }

  #draw(level) {
    const loud = Math.min(1, Math.sqrt(level * 8));
    this.bars.forEach((bar, at) => bar.style.setProperty("--level", Math.max(0.15, loud * (1 - Math.abs(at - (BARS - 1) / 2) * 0.28)).toFixed(2)));
  }

  #key(event) {
    if (event.key !== "Escape" || document.querySelector("dialog[open]") || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    this.leave();
  }
}
